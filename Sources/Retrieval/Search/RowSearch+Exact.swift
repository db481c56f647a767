import CKernels

/// Exact search that reads a quarter of the bytes.
///
/// A score in int8 and the bound of its error (`duri_search_encode_digits`) enclose the f32 score: a row
/// can be among the best only if the upper end of its interval reaches the `limit`-th best lower end.
/// One scan in int8 finds those rows, some hundred as a rule, and their f32 scores decide: the result is
/// that of a scan in f32, bit for bit.
extension RowSearch {
  /// Rows from which on the scan in int8 pays, and components.
  private static let fewRows = 8192
  private static let fewComponents = 64

  func exact(_ queries: [[Float]]) -> [[RowKey]] {
    guard live >= Self.fewRows, dimension >= Self.fewComponents else { return scanFloats(queries) }
    let bounded = candidates(queries)
    var results = rescored(queries, bounded.map { $0 ?? [] })
    // Vectors so alike that the intervals tell too few apart.
    let rest = queries.indices.filter { bounded[$0] == nil }
    if !rest.isEmpty {
      for (query, keys) in zip(rest, scanFloats(rest.map { queries[$0] })) { results[query] = keys }
    }
    return results
  }

  /// For every query the rows that may be among its best; nil if they are too many.
  private func candidates(_ queries: [[Float]]) -> [[RowKey]?] {
    let (digits, bounds) = digits(queries)
    // A row that lies anywhere costs some ten times as much as one in a scan.
    let most = rows.count / 32 + limit
    let members = (0..<threads.count).map { _ in
      (
        ranges: (0..<queries.count).map { _ in RowIntervals(limit: limit, most: most) },
        scratch: Scratch(queries: queries.count)
      )
    }
    threads.run(rows.pieces.count) { [kernels, padded, rows] piece, member in
      let (ranges, scratch) = members[member]
      rows.pieces[piece].forEachBlock(Scratch.rows) { block in
        kernels.dot_int8(
          scratch.scores, Scratch.rows, digits, ranges.count, block.int8(padded), block.scales,
          block.count, padded)
        for (query, range) in ranges.enumerated() where !range.isOverflown {
          let scores = scratch.scores + query * Scratch.rows
          let hits = kernels.above(
            scratch.found, scores, block.scales, bounds[query], block.count, range.floor, block.live)
          for index in 0..<hits {
            let row = scratch.found[index]
            range.add(
              score: scores[Int(row)], margin: bounds[query] * block.scales[Int(row)],
              row: block.firstRow + row)
          }
        }
      }
    }
    return queries.indices.map { query in
      RowIntervals.candidates(members.map { $0.ranges[query] }, most: most)
    }
  }
}

/// Rows of one thread whose intervals may reach the best lower ends.
private final class RowIntervals {
  private let most: Int
  private let lower: TopRows
  /// By their upper ends.
  private var upper: [RowKey] = []
  private var room: Int
  /// Whether they became too many to be of use.
  private(set) var isOverflown = false

  init(limit: Int, most: Int) {
    self.most = most
    lower = TopRows(limit: limit)
    room = 4 * limit + 1024
    upper.reserveCapacity(room)
  }

  /// Rows whose upper ends do not lie above this are not among the best.
  var floor: Float { lower.scoreFloor }

  func add(score: Float, margin: Float, row: UInt32) {
    lower.offer(RowKey(score: score - margin, row: row))
    upper.append(RowKey(score: score + margin, row: row))
    guard upper.count >= room else { return }
    prune(floor)
    if upper.count > most {
      isOverflown = true
      upper = []
    }
    room = max(room, 2 * upper.count)
  }

  private func prune(_ floor: Float) {
    upper.removeAll { $0.score < floor }
  }

  /// - Returns: what all threads found; nil if it is more than `most`.
  static func candidates(_ parts: [RowIntervals], most: Int) -> [RowKey]? {
    guard let first = parts.first, !parts.contains(where: \.isOverflown) else { return nil }
    for other in parts.dropFirst() { first.lower.offer(contentsOf: other.lower) }
    let best = first.lower.sorted()
    let floor =
      best.count == first.lower.limit ? best.last.map(\.score) ?? -.infinity : -.infinity
    var all: [RowKey] = []
    for part in parts {
      part.prune(floor)
      all += part.upper
    }
    return all.count > most ? nil : all
  }
}
