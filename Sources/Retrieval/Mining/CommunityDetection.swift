/// Groups of rows that all resemble a central one, by sentence-transformers' fast community detection
/// (`util.community_detection`).
///
/// Every row with at least `minimumSize` rows (itself included) of a cosine of `threshold` or more is a
/// candidate for a centre. Candidates are taken by falling number of such rows; a community is the centre and
/// those of them that no earlier community has, if they are enough. All rows are compared with each other, in
/// tiles; the lists of candidates' rows are computed when their turn comes, so memory stays bounded.
/// Runs on all cores; not to be called on Swift's cooperative threads.
///
/// - Parameters:
///   - threshold: cosine to the central row.
///   - minimumSize: rows in the smallest community; at least 1.
/// - Returns: communities by falling size, without overlap; in each the central row first, then by falling
///   cosine to it. Equal ones in the order of the table.
public func detectCommunities(
  _ table: VectorTable, threshold: Float, minimumSize: Int, cancellation: MiningCancellation? = nil
) -> [[String]] {
  let rows = UnitRows(table)
  let size = max(minimumSize, 1)
  guard rows.count >= size else { return [] }
  let products = RowProducts(rows, rows)
  // Scores are compared with > below.
  let floor = threshold.nextDown
  let threads = MiningThreads(cancellation)
  let counts = neighbourCounts(products, above: floor, threads)
  // Sorting is stable: of equal counts the earlier row comes first.
  let candidates = (0..<rows.count).filter { counts[$0] >= size }
    .sorted { counts[$0] > counts[$1] }
  var isTaken = [Bool](repeating: false, count: rows.count)
  var communities: [[Int]] = []
  var next = 0
  while next < candidates.count, cancellation?.isRequested != true {
    var centres: [Int] = []
    var listed = 0
    while next < candidates.count, centres.count < RowProducts.leftRows {
      let candidate = candidates[next]
      if !isTaken[candidate] {
        // All their lists are held together.
        if !centres.isEmpty, listed + counts[candidate] > mostListed { break }
        centres.append(candidate)
        listed += counts[candidate]
      }
      next += 1
    }
    let lists = neighbourLists(of: centres, rows, isTaken: isTaken, above: floor, threads)
    for (centre, list) in zip(centres, lists) where !isTaken[centre] {
      let free = list.filter { !isTaken[Int($0.row)] }
      guard free.count >= size else { continue }
      let community = [centre] + free.map { Int($0.row) }.filter { $0 != centre }
      for row in community { isTaken[row] = true }
      communities.append(community)
    }
  }
  return communities.sorted { $0.count > $1.count }.map { $0.map { table.ids[$0] } }
}

/// Neighbours in the lists of the centres that are looked at together, unless one alone has more.
private let mostListed = 4 << 20

/// Of every row how many rows have a score above `floor` with it. Half the products: a score counts for both.
private func neighbourCounts(
  _ products: RowProducts, above floor: Float, _ threads: MiningThreads
) -> [Int] {
  let count = products.leftCount
  let members = threads.run(products.blocks, make: { CountScratch(count: count) }) { block, member in
    let rows = products.rows(ofBlock: block)
    products.forEachTile(rows, from: rows.lowerBound, &member.tile) { columns, scores in
      for (place, row) in rows.enumerated() {
        // Rows of the own block are compared both ways there, so their scores count for one side only.
        forEachScore(scores + place * RowProducts.rightRows, columns.count, above: { floor }) { index, _ in
          let column = columns.lowerBound + index
          member.counts[row] += 1
          if column >= rows.upperBound { member.counts[column] += 1 }
        }
      }
    }
  }
  return (0..<count).map { row in members.reduce(0) { $0 + $1.counts[row] } }
}

/// For each centre the rows that are not taken and have a score above `floor`, best first, equal ones by row.
private func neighbourLists(
  of centres: [Int], _ rows: UnitRows, isTaken: [Bool], above floor: Float, _ threads: MiningThreads
) -> [[RowKey]] {
  let dimension = rows.dimension
  let left = centres.flatMap { rows.values[$0 * dimension..<($0 + 1) * dimension] }
  // A few centres a piece, so that all threads have some.
  let pieceRows = 32
  let pieces = (centres.count + pieceRows - 1) / pieceRows
  let products = RowProducts(
    left: left, centres.count, right: rows.values, rows.count, dimension: dimension)
  let members = threads.run(pieces, make: ListScratch.init) { piece, member in
    let range = piece * pieceRows..<min((piece + 1) * pieceRows, centres.count)
    products.forEachTile(range, &member.tile) { columns, scores in
      for (place, centre) in range.enumerated() {
        let row = scores + place * RowProducts.rightRows
        forEachScore(row, columns.count, above: { floor }) { index, score in
          let column = columns.lowerBound + index
          if !isTaken[column] {
            member.lists[centre, default: []].append(
              RowKey(score: score, row: UInt32(truncatingIfNeeded: column)))
          }
        }
      }
    }
    for centre in range { member.lists[centre]?.sort { $0.bits > $1.bits } }
  }
  return centres.indices.map { centre in
    members.lazy.compactMap { $0.lists[centre] }.first ?? []
  }
}

private final class CountScratch {
  var tile = RowProducts.makeTile()
  var counts: [Int]

  init(count: Int) { counts = [Int](repeating: 0, count: count) }
}

private final class ListScratch {
  var tile = RowProducts.makeTile()
  var lists: [Int: [RowKey]] = [:]
}
