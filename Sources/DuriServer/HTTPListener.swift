import Foundation
import HTTPTransport
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The JSON side of the server as a lifecycle service.
struct HTTPListener: ServiceLifecycle.Service {
  private let server: HTTPServer
  private let group: MultiThreadedEventLoopGroup
  private let address: String
  private let onListening: @Sendable (Int) -> Void

  init(
    operations: Operations, http: HTTPConfiguration, configuration: Configuration,
    health: HealthState, logger: Logger, onListening: @escaping @Sendable (Int) -> Void
  ) {
    let routes = RouteTable.duri(
      embeddings: operations.embeddings, reranking: operations.reranking,
      retrieval: operations.retrieval, version: Server.version,
      resources: Resources.directory(), isServing: { health.isServing })
    group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, configuration.socketThreads))
    server = HTTPServer(
      configuration: http, routes: routes,
      maximumBodyBytes: configuration.limits.maximumMessageBytes, group: group, logger: logger)
    address = "\(http.host):\(http.port)"
    self.onListening = onListening
  }

  func run() async throws {
    do {
      try await server.serve(onListening: onListening)
    } catch let error as IOError {
      let reason = String(cString: strerror(error.errnoCode))
      throw ListenError(
        message: "cannot listen on \(address): \(reason); choose another with --http, or none with --no-http")
    } catch is SocketAddressError {
      throw ListenError(
        message: "cannot listen on \(address): unknown host; choose another with --http")
    }
    try await group.shutdownGracefully()
  }
}
