import Foundation
import GRDB

extension EmbeddedStore {
  public func search(
    _ name: String, _ request: VectorSearch
  ) async throws(RetrievalError) -> [[Hit]] {
    try checkCount(request.limit, in: 1...CollectionLimits.hits, of: "the search's limit")
    try checkCount(request.queries.count, in: 0...CollectionLimits.queries, of: "the number of queries")
    try request.filter?.check()
    for (index, query) in request.queries.enumerated() {
      // A wrong size is the contract's error, below.
      if !query.isEmpty { try checkUnitLength(query, of: "query \(index)") }
    }
    return try await read(name) { db, collection, state in
      for query in request.queries {
        try collection.contract.check(request.origin, side: .query, dimension: query.count)
      }
      let passing = try request.filter.map {
        try collection.filters.rows(passing: $0, in: state, db, collection.sql)
      }
      let rows = LiveRows(state, passing: passing)
      let found = rows.search(collection.search, request)
      return try found.map { hits in
        try Self.hits(db, collection.sql, hits, limit: request.limit, documents: request.documents)
      }
    }
  }

  public func searchText(
    _ name: String, query: String, limit: Int, filter: Filter?
  ) async throws(RetrievalError) -> [Hit] {
    try checkCount(limit, in: 1...CollectionLimits.hits, of: "the search's limit")
    try filter?.check()
    // Letters and digits only, so that quotes are all the escaping that is needed.
    let words = lexicalQueryTokens(query).prefix(Self.queryTokens)
    return try await read(name) { db, collection, state in
      if words.isEmpty { return [] }
      let expression = words.map { "\"\($0)\"" }.joined(separator: " OR ")
      let passing = try filter.map {
        try collection.filters.rows(passing: $0, in: state, db, collection.sql)
      }
      let cursor = try Row.fetchCursor(
        db.cachedStatement(sql: collection.sql.matches), arguments: [expression])
      var found: [ScoredRow] = []
      while let match = try cursor.next() {
        let row: Int = match[0]
        guard passing?.contains(row) ?? true else { continue }
        // FTS5 gives the better match the smaller number.
        found.append(ScoredRow(row: row, score: -Float(match[1] as Double)))
      }
      found.sort { $0.score > $1.score }
      if found.count > limit {
        let last = found[limit - 1].score
        found.removeSubrange((found[limit...].firstIndex { $0.score < last } ?? found.endIndex)...)
      }
      return try Self.hits(db, collection.sql, found, limit: limit, documents: true)
    }
  }

  /// Words of a question that are looked for; those behind them hardly change the order.
  private static let queryTokens = 256

  /// - Parameter rows: best first, with all that are as good as the last one.
  private static func hits(
    _ db: Database, _ sql: CollectionSQL, _ rows: [ScoredRow], limit: Int, documents: Bool
  ) throws -> [Hit] {
    var hits = try rows.map {
      (row: $0.row, hit: Hit(id: try StoredDocument.id(db, sql, row: $0.row), score: $0.score))
    }
    hits.sort { a, b in
      a.hit.score != b.hit.score
        ? a.hit.score > b.hit.score : a.hit.id.utf8.lexicographicallyPrecedes(b.hit.id.utf8)
    }
    return try hits.prefix(limit).map { row, hit in
      var hit = hit
      if documents { hit.document = try StoredDocument.fetch(db, sql, row: row, vector: false)?.document }
      return hit
    }
  }
}

/// The rows of a search: those that are live and pass its filter.
private struct LiveRows {
  private struct Part {
    let number: Int
    let rows: Int
    let mapped: MappedSegment
    let live: [UInt64]?
  }

  private let parts: [Part]
  private let segmentRows: Int

  init(_ state: RowsState, passing: RowSet?) {
    segmentRows = state.segments.first { $0.mapped != nil }?.mapped?.layout.segmentRows ?? 0
    let words = segmentRows / 64
    parts = state.segments.enumerated().compactMap { number, segment in
      guard let mapped = segment.mapped, segment.liveCount > 0 else { return nil }
      var live: [UInt64]? = segment.liveCount == segment.rows ? nil : segment.live
      if let passing {
        var both = segment.live
        for index in both.indices {
          let word = number * words + index
          both[index] &= word < passing.words.count ? passing.words[word] : 0
        }
        guard both.contains(where: { $0 != 0 }) else { return nil }
        live = both
      }
      return Part(number: number, rows: segment.rows, mapped: mapped, live: live)
    }
  }

  /// For every query the best rows of the collection, and all that are as good as the last of them: which
  /// of those stay is decided by their ids.
  func search(_ search: FlatSearch, _ request: VectorSearch) -> [[ScoredRow]] {
    let total = parts.reduce(0) { $0 + $1.rows }
    var results = run(search, request.queries, limit: request.limit + 1, request.method)
    for index in results.indices {
      var limit = request.limit + 1
      // Full, and the last as good as the one that ends the page: there may be more of them.
      while results[index].count == limit, limit < total,
        results[index][limit - 1].score == results[index][request.limit - 1].score
      {
        limit = min(limit * 4, total)
        results[index] = run(search, [request.queries[index]], limit: limit, request.method).first ?? []
      }
      guard results[index].count > request.limit else { continue }
      let last = results[index][request.limit - 1].score
      results[index].removeAll { $0.score < last }
    }
    return results
  }

  private func run(
    _ search: FlatSearch, _ queries: [[Float]], limit: Int, _ method: SearchMethod
  ) -> [[ScoredRow]] {
    withSegments { segments in
      var firsts: [Int] = []
      var first = 0
      for segment in segments {
        firsts.append(first)
        first += segment.count
      }
      let found = search.search(queries: queries, segments: segments, limit: limit, method: method)
      return found.map { rows in
        rows.map { scored in
          let index = (firsts.firstIndex { $0 > scored.row } ?? firsts.count) - 1
          return ScoredRow(
            row: parts[index].number * segmentRows + scored.row - firsts[index], score: scored.score)
        }
      }
    }
  }

  private func withSegments<Result>(_ body: ([VectorSegment]) -> Result) -> Result {
    // One buffer for all of the bits, so that their addresses stay.
    let words = segmentRows / 64
    let buffer = UnsafeMutablePointer<UInt64>.allocate(capacity: max(1, words * parts.count))
    defer { buffer.deallocate() }
    let segments = parts.enumerated().map { index, part in
      guard let live = part.live else { return part.mapped.segment(rows: part.rows, live: nil) }
      let place = buffer + index * words
      live.withUnsafeBufferPointer { source in
        if let base = source.baseAddress { place.initialize(from: base, count: min(words, source.count)) }
      }
      return part.mapped.segment(rows: part.rows, live: UnsafePointer(place))
    }
    return withExtendedLifetime(parts) { body(segments) }
  }
}
