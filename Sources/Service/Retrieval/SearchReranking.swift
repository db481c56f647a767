import EmbeddingEngine

extension RetrievalService {
  /// The hits in the order of the cross-encoder's scores.
  ///
  /// A passage the cross-encoder cannot read stands behind those it can, with the least score and without a
  /// `rerankScore`.
  /// - Throws: what kept passages from being scored that is not their own fault, such as a deadline that passed.
  func rescored(
    _ hits: [RankedHit], query: String, by reranking: RerankingService,
    deadline: ContinuousClock.Instant?
  ) async throws(ServiceError) -> [RankedHit] {
    guard !hits.isEmpty else { return [] }
    let reply = try await reranking.rerank(
      query, hits.map { $0.document?.embeddedText ?? "" }, deadline: deadline)
    var ranked: [RankedHit] = []
    for item in reply.items {
      var hit = hits[item.index]
      switch item.outcome {
      case .success(let passage): hit.rerankScore = passage.score
      case .failure(let error): guard error.code == .invalidArgument else { throw error }
      }
      ranked.append(hit)
    }
    let least = min(0, ranked.compactMap(\.rerankScore).min() ?? 0)
    for index in ranked.indices { ranked[index].score = ranked[index].rerankScore ?? least }
    return ranked
  }
}
