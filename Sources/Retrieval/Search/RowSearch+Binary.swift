import CKernels

/// Search by signs.
///
/// Documents count by their signs, queries by signs and magnitudes of two bits: the penalty of a row is
/// the sum of the query's magnitudes over the components whose signs differ, which orders rows as the
/// inner product of the query and the row's signs does. The best rows by it are scored in int8, the
/// best of those in f32. Nothing needs to be learned from the rows, and the two bits of the query
/// recover most of what plain Hamming distance loses where all vectors share a direction.
extension RowSearch {
  /// Queries that share one pass over the signs: their lists stay in the cache.
  private static let groupSize = 16
  /// Candidates scored in int8 by one thread at a time.
  private static let chunk = 256

  /// Blocks that the sample has.
  private static let mostSamples = 64

  /// Rows scored in int8: what holds recall where vectors are alike (mean cosine 0.8) and many.
  var signCandidates: Int { min(live, 1024 + 48 * limit + live / 512) }

  func binary(_ queries: [[Float]]) -> [[RowKey]] {
    guard signCandidates < live else {
      return rescored(queries, scanInt8(queries, limit: int8Candidates))
    }
    var results: [[RowKey]] = []
    for start in stride(from: 0, to: queries.count, by: Self.groupSize) {
      let group = Array(queries[start..<min(start + Self.groupSize, queries.count)])
      results += rescored(group, scoredInt8(group, scanSigns(group)))
    }
    return results
  }

  /// The best rows of each query by their signs, those of a segment together as a rule.
  private func scanSigns(_ queries: [[Float]]) -> [[UInt32]] {
    let planes = planes(queries)
    let ceilings = ceilings(planes, queries: queries.count)
    var found = scanSigns(planes, ceilings)
    // Where the sample was nothing like the rest, all over again without it.
    for (query, rows) in found.enumerated() where rows.count < signCandidates / 2 {
      let size = SearchKernels.planes * words
      found[query] = scanSigns(Array(planes[query * size..<(query + 1) * size]), [.max])[0]
    }
    return found
  }

  /// - Parameter ceilings: for each query, the penalty from which on rows are not looked at.
  private func scanSigns(_ planes: [UInt64], _ ceilings: [UInt16]) -> [[UInt32]] {
    let wanted = signCandidates
    // One more than wanted tells whether the last penalty's rows are all there.
    let members = (0..<threads.count).map { _ in
      (
        top: ceilings.map { _ in TopRows(limit: wanted + 1) },
        scratch: Scratch(queries: ceilings.count)
      )
    }
    threads.run(rows.pieces.count) { [kernels, rows, words] piece, member in
      let (top, scratch) = members[member]
      rows.pieces[piece].forEachBlock(Scratch.rows) { block in
        kernels.mismatch(
          scratch.penalties, Scratch.rows, planes, top.count, block.bits(words), block.count, words)
        for (query, top) in top.enumerated() {
          let penalties = scratch.penalties + query * Scratch.rows
          let hits = kernels.below(
            scratch.found, penalties, block.count, min(ceilings[query], top.penaltyCeiling),
            block.live)
          for index in 0..<hits {
            let row = scratch.found[index]
            top.offer(RowKey(penalty: penalties[Int(row)], row: block.firstRow + row))
          }
        }
      }
    }
    return ceilings.indices.map { query in
      SignCandidates.select(members.map { $0.top[query] }, count: wanted)
    }
  }

  /// (queries, planes, words)
  private func planes(_ queries: [[Float]]) -> [UInt64] {
    let size = SearchKernels.planes * words
    var planes = [UInt64](repeating: 0, count: queries.count * size)
    planes.withUnsafeMutableBufferPointer { planes in
      guard let base = planes.baseAddress else { return }
      for (index, query) in queries.enumerated() {
        duri_search_encode_planes(base + index * size, query, dimension)
      }
    }
    return planes
  }

  /// Penalties from which on a query's rows are not candidates, from a sample of the rows: so few rows
  /// need be kept that are not needed. The sample depends on the rows only.
  private func ceilings(_ planes: [UInt64], queries: Int) -> [UInt16] {
    // The first block of some pieces that lie evenly.
    let samples = min(rows.pieces.count, Self.mostSamples)
    let sampled = (0..<samples).map { rows.pieces[$0 * rows.pieces.count / samples] }
    let histograms = (0..<threads.count).map { _ in
      (
        counts: (0..<queries).map { _ in PenaltyCounts(words: words) },
        scratch: Scratch(queries: queries)
      )
    }
    threads.run(sampled.count) { [kernels, words] piece, member in
      let (counts, scratch) = histograms[member]
      sampled[piece].first(Scratch.rows) { block in
        kernels.mismatch(
          scratch.penalties, Scratch.rows, planes, counts.count, block.bits(words), block.count,
          words)
        for (query, counts) in counts.enumerated() {
          counts.add(scratch.penalties + query * Scratch.rows, block.count, block.live)
        }
      }
    }
    let seen = sampled.reduce(0) { $0 + $1.liveCount(Scratch.rows) }
    let expected = Double(signCandidates + 1) * Double(seen) / Double(live)
    // Rows of a block may be alike: allow for twice the error of a sample of independent ones.
    let wanted = expected + 6 * expected.squareRoot() + 8
    return (0..<queries).map { query in
      PenaltyCounts.ceiling(histograms.map { $0.counts[query] }, wanted: Int(wanted))
    }
  }

  /// The best of each query's candidates by their int8 scores.
  private func scoredInt8(_ queries: [[Float]], _ candidates: [[UInt32]]) -> [[RowKey]] {
    let digits = digits(queries).bytes
    let size = SearchKernels.digits * padded
    let pieces = queries.indices.flatMap { query in
      stride(from: 0, to: candidates[query].count, by: Self.chunk).map { (query, $0) }
    }
    let members = (0..<threads.count).map { _ in queries.map { _ in TopRows(limit: int8Candidates) } }
    threads.run(pieces.count) { [kernels, padded, rows] piece, member in
      let (query, start) = pieces[piece]
      let all = candidates[query]
      let part = Array(all[start..<min(start + Self.chunk, all.count)])
      rows.score(part, members[member][query]) { scores, segment, at, count in
        digits.withUnsafeBufferPointer { digits in
          guard let base = digits.baseAddress else { return }
          kernels.dot_int8_at(
            scores, base + query * size, segment.int8, segment.scales, at, count, padded)
        }
      }
    }
    return merged(members)
  }
}
