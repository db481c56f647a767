import GRPCTransport
import Service
import WireFormats

/// Every method the server answers over gRPC.
enum ServerRoutes {
  /// Full names of the services, as health knows them.
  static let services =
    [EmbeddingsRoutes.service, RerankingRoutes.service, RetrievalRoutes.service, HealthRoutes.service]
    + ReflectionRoutes.services

  static func make(operations: Operations, health: HealthState) throws -> Routes {
    var routes = Routes()
    EmbeddingsRoutes(embeddings: operations.embeddings, version: Server.version).add(to: &routes)
    RerankingRoutes(reranking: operations.reranking).add(to: &routes)
    RetrievalRoutes(retrieval: operations.retrieval).add(to: &routes)
    HealthRoutes(health: health).add(to: &routes)
    ReflectionRoutes(descriptors: try DescriptorIndex()).add(to: &routes)
    return routes
  }
}
