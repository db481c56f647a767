/// Finds scores above a floor among many, most of which are not.
///
/// - Parameters:
///   - floor: may rise while the scores are read; asked again after every score found.
///   - body: gets the index and the score.
@inline(__always)
func forEachScore(
  _ scores: UnsafePointer<Float>, _ count: Int, above floor: () -> Float,
  _ body: (_ index: Int, _ score: Float) -> Void
) {
  var index = 0
  var limit = floor()
  let raw = UnsafeRawPointer(scores)
  while index + 32 <= count {
    let first = raw.loadUnaligned(fromByteOffset: index * 4, as: SIMD16<Float>.self)
    let second = raw.loadUnaligned(fromByteOffset: index * 4 + 64, as: SIMD16<Float>.self)
    if any((first .> limit) .| (second .> limit)) {
      for offset in 0..<32 where scores[index + offset] > limit {
        body(index + offset, scores[index + offset])
        limit = floor()
      }
    }
    index += 32
  }
  while index < count {
    if scores[index] > limit {
      body(index, scores[index])
      limit = floor()
    }
    index += 1
  }
}

/// For every left row the right rows with the largest products, best first, equal ones by row.
///
/// - Parameters:
///   - limit: rows wanted for each; at least 1.
///   - cancellation: ends it early; rows that were not reached are not told.
///   - found: called once for every left row, on any thread.
func forEachNearest(
  _ products: RowProducts, limit: Int, excludesSelf: Bool = false,
  cancellation: MiningCancellation? = nil, above floor: @escaping () -> Float,
  _ found: @escaping (_ left: Int, _ right: [RowKey]) -> Void
) {
  let limit = min(max(limit, 1), max(products.rightCount, 1))
  MiningThreads(cancellation).run(products.blocks, make: { NearestScratch(limit: limit) }) { block, member in
    let rows = products.rows(ofBlock: block)
    products.forEachTile(rows, &member.tile) { columns, scores in
      let lowest = floor()
      for (place, row) in rows.enumerated() {
        let top = member.tops[place]
        let ownRow = excludesSelf ? row : -1
        forEachScore(
          scores + place * RowProducts.rightRows, columns.count,
          above: { max(lowest, top.scoreFloor) }
        ) { index, score in
          let column = columns.lowerBound + index
          if column != ownRow {
            top.offer(RowKey(score: score, row: UInt32(truncatingIfNeeded: column)))
          }
        }
      }
    }
    for (place, row) in rows.enumerated() {
      found(row, member.tops[place].sorted())
      member.tops[place] = TopRows(limit: limit)
    }
  }
}

/// One thread's memory: scores of a tile, and the best rows of each left row of a block.
private final class NearestScratch {
  var tile = RowProducts.makeTile()
  var tops: [TopRows]

  init(limit: Int) {
    tops = (0..<RowProducts.leftRows).map { _ in TopRows(limit: limit) }
  }
}
