import Duri
import EmbeddingEngine
import ModelFiles
import Retrieval
import Service

/// Finds documents of an evaluation's collection, all in memory and exactly.
struct DocumentFinder {
  let collection: RetrievalCollection
  let mode: EvalMode
  /// Hits a query is measured by.
  let depth: Int
  let skipsOwnId: Bool
  /// The cross-encoder and how many hits it ranks again.
  var reranking: (model: RerankingModel, candidates: Int)?
  private var words = WordIndex()
  /// Rows in the order of the collection; empty for a search by words alone.
  private var documents = VectorTable(ids: [], values: [], dimension: 1)
  private var queries = VectorTable(ids: [], values: [], dimension: 1)

  /// Fusion needs to see documents that neither list has at its very top.
  private static let fusionDepth = 100

  init(collection: RetrievalCollection, mode: EvalMode, depth: Int, skipsOwnId: Bool) {
    self.collection = collection
    self.mode = mode
    self.depth = depth
    self.skipsOwnId = skipsOwnId
  }

  /// One query with what was found for it.
  struct Found {
    var query: RetrievalCollection.Query
    var hits: [Hit]
    /// Of the documents that were looked among.
    var judgements: Judgements
  }

  mutating func readWords() {
    for document in collection.documents { words.add(id: document.id, text: document.read) }
  }

  mutating func embed(with table: inout TextTable) async throws {
    report("duri: embedding \(collection.documents.count) documents and \(collection.queries.count) queries")
    documents = try await table.embed(
      collection.documents.map { ($0.id, $0.read) }, as: .passage, what: "document")
    queries = try await table.embed(
      collection.queries.map { ($0.id, $0.text) }, as: .query, what: "query")
  }

  /// Lets the direction's queries that have a relevant document there look among its documents.
  func find(_ direction: SearchDirection) async throws -> (results: [Found], documents: Int) {
    let among = collection.documents.indices.filter {
      direction.documents == nil || collection.documents[$0].language == direction.documents
    }
    let ids = Set(among.map { collection.documents[$0].id })
    let asking = collection.queries.indices.filter {
      direction.queries == nil || collection.queries[$0].language == direction.queries
    }
    var results: [Found] = []
    var places: [Int] = []
    for place in asking {
      let query = collection.queries[place]
      let judged = collection.judgements[query.id, default: [:]].filter {
        ids.contains($0.key) && !(skipsOwnId && $0.key == query.id)
      }
      guard judged.values.contains(where: { $0 > 0 }) else { continue }
      results.append(Found(query: query, hits: [], judgements: judged))
      places.append(place)
    }
    guard !results.isEmpty else {
      throw CommandError(
        "--direction \(direction.name): no query of that language has a relevant document there; "
          + "the languages are read from metadata.lang")
    }
    let allowed = Set(among)
    let texts = reranking == nil ? [:] : textsById
    let byMeaning = mode == .text ? nil : vectorHits(places, among)
    var progress = Progress(unit: "queries")
    for index in results.indices {
      let query = results[index].query
      let byWords = mode == .vector ? nil : wordHits(query, allowed)
      var hits = [byMeaning?[index], byWords].compactMap(\.self)
      if skipsOwnId { hits = hits.map { $0.filter { $0.id != query.id } } }
      var ranked = hits.count == 1 ? hits[0] : fuseByRank(hits)
      if let reranking {
        ranked = try await rescored(
          ranked, query.text, by: reranking.model, reranking.candidates, texts)
      }
      results[index].hits = ranked
      progress.update(done: index + 1)
    }
    progress.finish(done: results.count)
    return (results, among.count)
  }

  /// Hits each kind of evidence is asked for.
  private var candidates: Int {
    // One more, for the place of the query's own document.
    max(depth, reranking?.candidates ?? 0, mode == .hybrid ? Self.fusionDepth : 0) + 1
  }

  private func vectorHits(_ places: [Int], _ among: [Int]) -> [[Hit]] {
    semanticSearch(queries.selecting(places), in: documents.selecting(among), limit: candidates)
  }

  private func wordHits(_ query: RetrievalCollection.Query, _ among: Set<Int>) -> [Hit] {
    words.search(query.text, limit: candidates, where: among.contains)
  }

  /// The first hits in the cross-encoder's order, the others behind them as they were.
  private func rescored(
    _ hits: [Hit], _ query: String, by model: RerankingModel, _ count: Int,
    _ texts: [String: String]
  ) async throws -> [Hit] {
    let first = Array(hits.prefix(count))
    let reply = try await model.rerank(
      query, first.map { texts[$0.id, default: ""] }, settings: RerankSettings(rawScores: true))
    var ranked: [Hit] = []
    for item in reply.items {
      switch item.outcome {
      case .success(let passage): ranked.append(Hit(id: first[item.index].id, score: passage.score))
      case .failure(let error): throw CommandError("reranking: \(error.message)")
      }
    }
    let least = ranked.map(\.score).min() ?? 0
    let rest = hits.dropFirst(count).enumerated().map { place, hit in
      Hit(id: hit.id, score: least - Float(place + 1))
    }
    return ranked + rest
  }

  private var textsById: [String: String] {
    Dictionary(collection.documents.map { ($0.id, $0.read) }) { first, _ in first }
  }
}

extension VectorTable {
  /// Some of the rows.
  fileprivate func selecting(_ rows: [Int]) -> VectorTable {
    guard rows.count < ids.count else { return self }
    return VectorTable(
      ids: rows.map { ids[$0] },
      values: rows.flatMap { values[$0 * dimension..<($0 + 1) * dimension] }, dimension: dimension)
  }
}
