import GRPCTransport
import Service
import WireFormats

/// Every method the server answers over gRPC.
enum ServerRoutes {
  /// Full names of the services, as health knows them.
  static let services =
    [EmbeddingsRoutes.service, HealthRoutes.service] + ReflectionRoutes.services

  static func make(embeddings: EmbeddingService, health: HealthState) throws -> Routes {
    var routes = Routes()
    EmbeddingsRoutes(embeddings: embeddings, version: Server.version).add(to: &routes)
    HealthRoutes(health: health).add(to: &routes)
    ReflectionRoutes(descriptors: try DescriptorIndex()).add(to: &routes)
    return routes
  }
}
