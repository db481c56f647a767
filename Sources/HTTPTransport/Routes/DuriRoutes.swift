import Service

extension RouteTable {
  /// Every route of Duri's own interface.
  ///
  /// - Parameters:
  ///   - version: the server's, as `GET /v1/model` tells it.
  ///   - resources: the folder with `openapi.json` and the web page; nil serves neither.
  ///   - isServing: whether `/readyz` says so; false once the server drains.
  public static func duri(
    embeddings: EmbeddingService, reranking: RerankingService?, retrieval: RetrievalService,
    version: String, resources: String?, isServing: @escaping @Sendable () -> Bool
  ) -> RouteTable {
    RouteTable([
      EmbeddingRoutes(embeddings: embeddings, reranking: reranking, version: version),
      RerankingRoutes(reranking: reranking),
      ComparisonRoutes(retrieval: retrieval),
      CollectionRoutes(retrieval: retrieval),
      DocumentRoutes(
        retrieval: retrieval, maximumLineBytes: embeddings.limits.maximumMessageBytes),
      SearchRoutes(retrieval: retrieval),
      HealthRoutes(isServing: isServing),
      ResourceRoutes(directory: resources),
    ])
  }
}
