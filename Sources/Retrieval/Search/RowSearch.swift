import CKernels

/// One search: the rows, and what is wanted of them.
struct RowSearch {
  let rows: RowPieces
  let dimension: Int
  /// Rows wanted a query, 1 to `live`.
  let limit: Int
  /// Rows that can be found, at least 1.
  let live: Int
  let threads: SearchThreads
  let kernels: duri_search_kernels

  /// Queries that share one pass over the rows.
  static let mostQueries = 64

  /// A row that lies anywhere takes in f32 about so many times as long as one in a scan in int8.
  private static let sparse = 12

  /// Rows scored in f32 after a scan in int8, whose scores are off by some 10⁻⁴.
  var int8Candidates: Int { min(live, 2 * limit + 64) }

  /// Bytes of a row in int8.
  var padded: Int { RowCodec.padded(dimension) }
  /// Words of a row's signs.
  var words: Int { padded / 64 }

  /// - Parameter queries: finite, each `dimension` long, at most ``mostQueries``.
  /// - Returns: for each query the best rows by their f32 scores, best first.
  func find(_ queries: [[Float]], _ method: SearchMethod) -> [[RowKey]] {
    // A filter leaves few: whatever the method, each is scored in f32.
    guard live > rows.count / Self.sparse else { return scanSparse(queries) }
    switch method {
    case .exact: return exact(queries)
    case .int8: return rescored(queries, scanInt8(queries, limit: int8Candidates))
    case .binary: return binary(queries)
    }
  }

  /// Scans all pieces with one ``TopRows`` for each query and thread.
  ///
  /// - Returns: for every query the best rows, best first.
  func scan(
    queries: Int, limit: Int,
    _ body: @escaping (_ piece: RowPieces.Piece, _ top: [TopRows], _ scratch: Scratch) -> Void
  ) -> [[RowKey]] {
    let members = (0..<threads.count).map { _ in
      (top: (0..<queries).map { _ in TopRows(limit: limit) }, scratch: Scratch(queries: queries))
    }
    threads.run(rows.pieces.count) { [rows] piece, member in
      body(rows.pieces[piece], members[member].top, members[member].scratch)
    }
    return merged(members.map(\.top))
  }

  /// The best rows of every query, best first.
  ///
  /// - Parameter members: (threads, queries)
  func merged(_ members: [[TopRows]]) -> [[RowKey]] {
    guard let first = members.first else { return [] }
    return first.indices.map { query in
      for other in members.dropFirst() { first[query].offer(contentsOf: other[query]) }
      return first[query].sorted()
    }
  }

  /// (queries, digits, padded) bytes, and the bound of each query's error.
  func digits(_ queries: [[Float]]) -> (bytes: [Int8], bounds: [Float]) {
    let size = SearchKernels.digits * padded
    var bytes = [Int8](repeating: 0, count: queries.count * size)
    var bounds: [Float] = []
    bytes.withUnsafeMutableBufferPointer { bytes in
      guard let base = bytes.baseAddress else { return }
      for (index, query) in queries.enumerated() {
        var scale: Float = 0
        bounds.append(duri_search_encode_digits(base + index * size, &scale, query, dimension))
      }
    }
    return (bytes, bounds)
  }
}

/// One thread's memory of a search: scores of a block, and the rows found in it.
final class Scratch {
  /// Rows a block: enough that what is done once a block and query is little.
  static let rows = 512
  /// (queries, rows)
  let scores: UnsafeMutablePointer<Float>
  /// (queries, rows)
  let penalties: UnsafeMutablePointer<UInt16>
  /// (rows)
  let found: UnsafeMutablePointer<UInt32>

  init(queries: Int) {
    scores = .allocate(capacity: queries * Self.rows)
    penalties = .allocate(capacity: queries * Self.rows)
    found = .allocate(capacity: Self.rows)
  }

  deinit {
    scores.deallocate()
    penalties.deallocate()
    found.deallocate()
  }
}
