import EmbeddingEngine
import Retrieval
import Tokenization

extension RetrievalService {
  /// Finds documents by meaning, by words, or both; the cross-encoder may rank the best again.
  ///
  /// A query that cannot be embedded fails alone.
  /// - Throws: for the call as a whole: no such collection, a filter or option out of bounds, `unimplemented` for
  ///   re-ranking without a cross-encoder, `failedPrecondition` for a collection of another model, `invalidArgument`
  ///   for documents of more bytes than one reply may have.
  public func search(
    _ request: SearchRequest, deadline: ContinuousClock.Instant? = nil
  ) async throws(ServiceError) -> SearchReply {
    let began = ContinuousClock.now
    let scope = try await scope(of: request)
    var results: [Result<SearchResult, ServiceError>] = []
    let queries = try await embedded(request, deadline: deadline)
    let byMeaning = try await vectorHits(queries, request, scope)
    var budget = ReplyBudget(
      limits, "the documents of the hits",
      remedy: "ask for fewer queries or hits at a time, or for ids only (ids_only)")
    for (index, query) in request.queries.enumerated() {
      if case .failure(let error) = queries[index] {
        results.append(.failure(error))
        continue
      }
      let byWords = try await textHits(query, request, scope)
      var hits = ranked(
        byMeaning: byMeaning[index], byWords: byWords, request: request, depth: scope.depth)
      if let reranking, request.rerank {
        // Not all of them are in the reply, but all are held at once.
        var candidates = ReplyBudget(
          limits, "the documents to rank again",
          remedy: "ask for fewer of them (rerank_candidates, limit), or without rerank")
        hits = try await filled(
          Array(hits.prefix(scope.candidates)), from: request.collection, within: &candidates)
        do {
          hits = try await rescored(hits, query: query, by: reranking, deadline: deadline)
        } catch {
          results.append(.failure(error))
          continue
        }
      }
      hits = Array(hits.prefix(scope.limit))
      if request.documents {
        hits = try await filled(hits, from: request.collection, within: &budget)
      } else {
        for index in hits.indices { hits[index].document = nil }
      }
      let receipt = try? queries[index].get()?.receipt
      results.append(.success(SearchResult(hits: hits, receipt: receipt)))
    }
    return SearchReply(results: results, total: .now - began)
  }

  /// A request with its defaults filled in.
  private struct Scope {
    var limit: Int
    /// Hits each kind of evidence is asked for.
    var depth: Int
    /// Hits that the cross-encoder ranks again.
    var candidates: Int
    var filter: Filter?
  }

  private func scope(of request: SearchRequest) async throws(ServiceError) -> Scope {
    try limits.check(request.queries.count, atMost: limits.maximumQueries, "queries")
    guard !request.queries.isEmpty else {
      throw ServiceError(.invalidArgument, "a search needs at least one query")
    }
    let limit = try limits.resolve(
      request.limit, default: 10, atMost: limits.maximumHits, "limit")
    let candidates = max(
      limit,
      try limits.resolve(
        request.rerankCandidates, default: 50, atMost: limits.maximumHits, "rerank_candidates"))
    guard (0...1).contains(request.vectorWeight) else {
      throw ServiceError(
        .invalidArgument, "vector_weight is \(request.vectorWeight); it must be 0 to 1")
    }
    guard !request.rerank || reranking != nil else {
      throw ServiceError(
        .unimplemented, "this server has no cross-encoder; start it with --reranker, or do not ask to rerank")
    }
    let info = try await collection(request.collection)
    if request.mode != .text { try checkServes(info.contract) }
    var depth = request.rerank ? candidates : limit
    // Fusion needs to see documents that neither list has at its very top.
    if request.mode == .hybrid { depth = min(limits.maximumHits, max(depth, 100)) }
    return Scope(
      limit: limit, depth: depth, candidates: candidates,
      filter: try parsedFilter(request.filter))
  }

  /// The queries' vectors with their receipts; nil for a search by words alone.
  private func embedded(
    _ request: SearchRequest, deadline: ContinuousClock.Instant?
  ) async throws(ServiceError) -> [Result<EmbeddedText?, ServiceError>] {
    guard request.mode != .text else {
      return request.queries.map { _ in .success(nil) }
    }
    let reply = try await embeddings.embed(
      request.queries,
      settings: EmbedSettings(
        role: .query, instruction: request.instruction,
        options: EmbedOptions(normalize: true)),
      deadline: deadline)
    return reply.outcomes.map { $0.map { $0 } }
  }

  /// One list a query, empty where there is no vector.
  private func vectorHits(
    _ queries: [Result<EmbeddedText?, ServiceError>], _ request: SearchRequest, _ scope: Scope
  ) async throws(ServiceError) -> [[Hit]] {
    var vectors: [[Float]] = []
    var places: [Int] = []
    for (index, query) in queries.enumerated() {
      guard case .success(let embedded?) = query else { continue }
      vectors.append(embedded.vector.float32)
      places.append(index)
    }
    var lists = [[Hit]](repeating: [], count: queries.count)
    guard !vectors.isEmpty else { return lists }
    let origin = VectorOrigin(
      model: contract.model, fingerprint: contract.fingerprint, prefix: contract.queryPrefix)
    // Documents of many hits are fetched later, counted while they come.
    let isSmall = vectors.count * scope.depth <= Self.documentsAtOnce
    let search = VectorSearch(
      queries: vectors, origin: origin, limit: scope.depth, filter: scope.filter,
      method: request.method, documents: isSmall && (request.documents || request.rerank))
    let found = try await stored { () async throws(RetrievalError) in
      try await store.search(request.collection, search)
    }
    for (place, hits) in zip(places, found) { lists[place] = hits }
    return lists
  }

  private func textHits(
    _ query: String, _ request: SearchRequest, _ scope: Scope
  ) async throws(ServiceError) -> [Hit] {
    guard request.mode != .vector else { return [] }
    return try await stored { () async throws(RetrievalError) in
      try await store.searchText(
        request.collection, query: query, limit: scope.depth, filter: scope.filter)
    }
  }

  /// The hits with their documents; one whose document was removed meanwhile is left out.
  private func filled(
    _ hits: [RankedHit], from collection: String, within budget: inout ReplyBudget
  ) async throws(ServiceError) -> [RankedHit] {
    for hit in hits {
      if let document = hit.document { try budget.add(document) }
    }
    let missing = hits.filter { $0.document == nil }.map(\.id)
    guard !missing.isEmpty else { return hits }
    let found = try await documents(missing, from: collection, vectors: false, within: &budget)
    return hits.compactMap { hit -> RankedHit? in
      var filled = hit
      filled.document = hit.document ?? found[Array(hit.id.utf8)]?.document
      return filled.document == nil ? nil : filled
    }
  }

  /// Both lists as one, each hit with its evidence.
  private func ranked(
    byMeaning: [Hit], byWords: [Hit], request: SearchRequest, depth: Int
  ) -> [RankedHit] {
    let order =
      switch request.mode {
      case .vector: byMeaning
      case .text: byWords
      case .hybrid:
        fuseByRank(
          [byMeaning, byWords], weights: [request.vectorWeight, 1 - request.vectorWeight])
      }
    // By bytes: to Swift, ids are equal that no store takes for one.
    let meaning = Dictionary(byMeaning.enumerated().map { (Array($1.id.utf8), ($0, $1)) }) { first, _ in first }
    let words = Dictionary(byWords.enumerated().map { (Array($1.id.utf8), ($0, $1)) }) { first, _ in first }
    return order.prefix(depth).map { hit in
      var ranked = RankedHit(id: hit.id, score: hit.score)
      let id = Array(hit.id.utf8)
      if let (place, found) = meaning[id] {
        ranked.vectorRank = place + 1
        ranked.vectorScore = found.score
        ranked.document = found.document
      }
      if let (place, found) = words[id] {
        ranked.textRank = place + 1
        ranked.textScore = found.score
        ranked.document = ranked.document ?? found.document
      }
      return ranked
    }
  }
}
