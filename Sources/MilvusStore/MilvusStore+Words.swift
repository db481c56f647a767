import Foundation
import Retrieval

extension MilvusStore {
  /// Words of a question that are looked for; those behind them hardly change the order.
  private static let queryWords = 256
  /// Rows whose word counts stand for the collection's; all of them in a small one.
  private static let sampleRows = 1_000

  public func searchText(
    _ name: String, query: String, limit: Int, filter: Filter?
  ) async throws(RetrievalError) -> [Hit] {
    try checkCount(limit, in: 1...CollectionLimits.hits, of: "the search's limit")
    try filter?.check()
    let words = Array(lexicalQueryTokens(query).prefix(Self.queryWords))
    let collection = try await find(name)
    let condition = FilterCondition(filter)
    guard !words.isEmpty, condition != .never else { return [] }
    let documents = try await count(collection, where: .always)
    guard documents > 0 else { return [] }
    let having = try await concurrently(words) { [self] word throws(RetrievalError) in
      try await count(collection, where: .expression(Expression.hasWord(WordWeights.hash(word))))
    }
    let weights = WordQuery(
      words, having: having, documents: documents,
      average: try await averageWordCount(collection, documents: documents))
    return try await best(collection, weights, limit: limit, filter, condition)
  }

  /// The mean of the documents' word counts, of a sample; kept until the collection has grown or shrunk by a
  /// twentieth.
  private func averageWordCount(
    _ collection: StoredCollection, documents: Int
  ) async throws(RetrievalError) -> Double {
    if documents > Self.sampleRows,
      let known = wordStatistics.withLock({ $0[collection.milvusName] }),
      abs(known.documents - documents) <= known.documents / 20
    {
      return known.average
    }
    let rows = try await query(
      collection, where: "", fields: [Field.id, Field.wordCount], limit: Self.sampleRows)
    let average = rows.meanWordCount
    wordStatistics.withLock { $0[collection.milvusName] = (documents, average) }
    return average
  }

  /// Fetches candidates until no other document can be among the best, or there are many times as many.
  private func best(
    _ collection: StoredCollection, _ query: WordQuery, limit: Int, _ filter: Filter?,
    _ condition: FilterCondition
  ) async throws(RetrievalError) -> [Hit] {
    var group = Milvus_Proto_Common_PlaceholderGroup()
    var placeholder = Milvus_Proto_Common_PlaceholderValue()
    placeholder.tag = "$0"
    placeholder.type = .sparseFloatVector
    placeholder.values = [query.weights.bytes]
    group.placeholders = [placeholder]
    var seen: Set<[UInt8]> = []
    var hits: [Hit] = []
    var count = min(limit + 32, RowLimits.hits)
    while true {
      let found = try await search(
        collection, group, queries: 1, on: Field.wordWeights, condition, count: count, fields: [Field.id])
      var candidates: [String] = []
      for row in 0..<found.rows.count { candidates.append(try found.rows.id(row)) }
      let new = candidates.filter { seen.insert(Array($0.utf8)).inserted }
      let documents = try await documents(collection, ids: new, vectors: false)
      for id in new {
        guard let document = documents[Array(id.utf8)]?.document,
          filter?.matches(document.metadata) ?? true
        else { continue }
        // Words of one hash are told apart here.
        let score = query.score(document)
        if score > 0 { hits.append(Hit(id: id, score: Float(score), document: document)) }
      }
      hits.sort(by: Hit.precedes)
      let best = Double(found.scores.min() ?? 0) * query.bound * 1.0001
      let isWhole = hits.count >= limit && Double(hits[limit - 1].score) > best
      if candidates.count < count || isWhole || count == RowLimits.hits
        || (hits.count >= limit && count >= 4 * limit + 256)
      {
        return Array(hits.prefix(limit))
      }
      count = min(count * 2, RowLimits.hits)
    }
  }
}
