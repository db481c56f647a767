import CKernels

extension RowSearch {
  /// The best rows by their f32 scores, all of them computed.
  func scanFloats(_ queries: [[Float]]) -> [[RowKey]] {
    let flat = queries.flatMap { $0 }
    return scan(queries: queries.count, limit: limit) { [kernels, dimension] piece, top, scratch in
      piece.forEachBlock(Scratch.rows) { block in
        kernels.dot_f32(
          scratch.scores, Scratch.rows, flat, top.count, block.f32(dimension), block.count,
          dimension)
        offer(block, top, scratch)
      }
    }
  }

  /// The best rows by their int8 scores.
  func scanInt8(_ queries: [[Float]], limit: Int) -> [[RowKey]] {
    let digits = digits(queries).bytes
    return scan(queries: queries.count, limit: limit) { [kernels, padded] piece, top, scratch in
      piece.forEachBlock(Scratch.rows) { block in
        kernels.dot_int8(
          scratch.scores, Scratch.rows, digits, top.count, block.int8(padded), block.scales,
          block.count, padded)
        offer(block, top, scratch)
      }
    }
  }

  /// The best of the rows that can be found by their f32 scores, without touching the others.
  func scanSparse(_ queries: [[Float]]) -> [[RowKey]] {
    let members = (0..<threads.count).map { _ in queries.map { _ in TopRows(limit: limit) } }
    threads.run(rows.pieces.count) { [rows] piece, member in
      let candidates = rows.pieces[piece].liveRows
      guard !candidates.isEmpty else { return }
      for (query, top) in zip(queries, members[member]) { rescore(query, candidates, top) }
    }
    return merged(members)
  }

  /// Offers the rows of a block that are better than what each query has.
  private func offer(_ block: RowPieces.Block, _ top: [TopRows], _ scratch: Scratch) {
    for (query, top) in top.enumerated() {
      let scores = scratch.scores + query * Scratch.rows
      let hits = kernels.above(
        scratch.found, scores, block.scales, 0, block.count, top.scoreFloor, block.live)
      for index in 0..<hits {
        let row = scratch.found[index]
        top.offer(RowKey(score: scores[Int(row)], row: block.firstRow + row))
      }
    }
  }

  /// The best of each query's candidates by their f32 scores.
  func rescored(_ queries: [[Float]], _ candidates: [[RowKey]]) -> [[RowKey]] {
    let tops = queries.map { _ in TopRows(limit: limit) }
    threads.run(queries.count) { query, _ in
      rescore(queries[query], candidates[query].map(\.row).sorted(), tops[query])
    }
    return tops.map { $0.sorted() }
  }

  /// Offers rows with their f32 scores. Rows of one segment should stand together.
  func rescore(_ query: [Float], _ candidates: [UInt32], _ top: TopRows) {
    rows.score(candidates, top) { [kernels, dimension] scores, segment, at, count in
      kernels.dot_f32_at(scores, query, segment.f32, at, count, dimension)
    }
  }
}
