import Synchronization

/// For every query the vectors of the largest cosine, looking at all of them.
///
/// The rows need not have length 1. The same hits as sentence-transformers' `util.semantic_search`.
///
/// - Parameters:
///   - queries: of the corpus' dimension, or nothing is found.
///   - limit: hits a query; none if it is not positive.
/// - Returns: for each query at most `limit` hits, best first, equal scores in the order of the corpus;
///   scores are cosines.
public func semanticSearch(
  _ queries: VectorTable, in corpus: VectorTable, limit: Int = 10
) -> [[Hit]] {
  nearestRows(UnitRows(queries), in: UnitRows(corpus), limit: limit).map { found in
    found.map { Hit(id: corpus.ids[$0.row], score: $0.score) }
  }
}

/// The same by numbers of rows.
func nearestRows(_ queries: UnitRows, in corpus: UnitRows, limit: Int) -> [[ScoredRow]] {
  let results = RowResults(count: queries.count)
  guard limit > 0 else { return results.taken() }
  forEachNearest(RowProducts(queries, corpus), limit: limit, above: { -.infinity }) { row, keys in
    results.set(row, keys.map { ScoredRow(row: Int($0.row), score: $0.score) })
  }
  return results.taken()
}

/// Results that threads put in their places.
private final class RowResults: Sendable {
  private let rows: Mutex<[[ScoredRow]]>

  init(count: Int) { rows = Mutex(Array(repeating: [], count: count)) }

  func set(_ row: Int, _ found: [ScoredRow]) { rows.withLock { $0[row] = found } }

  func taken() -> [[ScoredRow]] { rows.withLock { $0 } }
}
