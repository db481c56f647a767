import CKernels

/// Search that looks at every row: the results are those of the definition, not of an index.
///
/// Scores are inner products in f32, the same bits for a vector and a query whatever the method, the
/// other queries, the threads and the CPU. Rows with equal scores come in the order of their numbers.
/// `int8` and `binary` may miss a row (see `SearchMethod`), but always miss the same.
///
/// A search computes on the calling thread and on those of `SearchThreads`; it must not be called on
/// Swift's cooperative pool. Any number may run at once.
public struct FlatSearch: Sendable {
  /// Components of a vector.
  public let dimension: Int
  private let threads: SearchThreads
  private let kernels: SearchKernels

  /// With threads of its own.
  ///
  /// - Parameters:
  ///   - dimension: 1 to 4,096.
  ///   - threads: threads of one search, the caller's included; at least 1.
  public init(dimension: Int, threads: Int) {
    self.init(dimension: dimension, on: SearchThreads(count: threads))
  }

  /// With threads that other searches use too.
  public init(dimension: Int, on threads: SearchThreads) {
    self.init(dimension: dimension, on: threads, kernels: .best)
  }

  init(dimension: Int, on threads: SearchThreads, kernels: SearchKernels) {
    self.dimension = dimension
    self.threads = threads
    self.kernels = kernels
  }

  /// The rows with the largest inner products with each query.
  ///
  /// - Parameters:
  ///   - queries: each `dimension` long; one that is not, or is not finite, finds nothing.
  ///   - segments: rows of `dimension` components.
  ///   - limit: rows a query; none if it is not positive.
  /// - Returns: for every query at most `limit` rows, best first; equal scores by row.
  public func search(
    queries: [[Float]], segments: [VectorSegment], limit: Int, method: SearchMethod
  ) -> [[ScoredRow]] {
    var results: [[ScoredRow]] = Array(repeating: [], count: queries.count)
    guard limit > 0, (1...SearchKernels.mostComponents).contains(dimension) else { return results }
    let rows = RowPieces(segments)
    let live = rows.liveCount
    guard live > 0 else { return results }
    let valid = queries.indices.filter {
      queries[$0].count == dimension && queries[$0].allSatisfy(\.isFinite)
    }
    let search = RowSearch(
      rows: rows, dimension: dimension, limit: min(limit, live), live: live, threads: threads,
      kernels: kernels.table.pointee)
    for start in stride(from: 0, to: valid.count, by: RowSearch.mostQueries) {
      let group = valid[start..<min(start + RowSearch.mostQueries, valid.count)]
      let found = search.find(group.map { queries[$0] }, method)
      for (index, keys) in zip(group, found) {
        results[index] = keys.map { ScoredRow(row: Int($0.row), score: $0.score) }
      }
    }
    return results
  }
}
