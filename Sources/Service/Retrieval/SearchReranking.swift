import EmbeddingEngine

extension RetrievalService {
  /// The hits in the order of the cross-encoder's scores.
  ///
  /// A passage the cross-encoder cannot score keeps its place behind those it can.
  func rescored(
    _ hits: [RankedHit], query: String, by reranking: RerankingService,
    deadline: ContinuousClock.Instant?
  ) async throws(ServiceError) -> [RankedHit] {
    guard !hits.isEmpty else { return [] }
    let reply = try await reranking.rerank(
      query, hits.map { $0.document?.embeddedText ?? "" }, deadline: deadline)
    return reply.items.map { item in
      var hit = hits[item.index]
      if case .success(let passage) = item.outcome {
        hit.rerankScore = passage.score
        hit.score = passage.score
      }
      return hit
    }
  }
}
