import Foundation
import GRPCTransport
import Logging
import NIOCore
import NIOPosix
import Service
import ServiceLifecycle

/// The gRPC side of the server as a lifecycle service.
struct GRPCListener: ServiceLifecycle.Service {
  private let server: GRPCServer
  private let health: HealthState
  private let group: MultiThreadedEventLoopGroup
  private let address: String
  private let onListening: @Sendable (Int) -> Void

  init(
    operations: Operations, configuration: Configuration, health: HealthState, logger: Logger,
    onListening: @escaping @Sendable (Int) -> Void
  ) throws {
    let routes = try ServerRoutes.make(operations: operations, health: health)
    var grpc = configuration.grpc
    grpc.maximumMessageBytes = configuration.limits.maximumMessageBytes
    group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, configuration.socketThreads))
    server = GRPCServer(configuration: grpc, routes: routes, group: group, logger: logger)
    address = "\(grpc.host):\(grpc.port)"
    self.health = health
    self.onListening = onListening
  }

  func run() async throws {
    do {
      try await withGracefulShutdownHandler {
        try await server.serve(onListening: onListening)
      } onGracefulShutdown: {
        health.stopServing()
        server.beginDrain()
      }
    } catch let error as IOError {
      let reason = String(cString: strerror(error.errnoCode))
      throw ListenError(message: "cannot listen on \(address): \(reason); choose another with --grpc")
    } catch is SocketAddressError {
      throw ListenError(message: "cannot listen on \(address): unknown host; choose another with --grpc")
    }
    try await group.shutdownGracefully()
  }
}

/// An address that cannot be listened on.
struct ListenError: Error, CustomStringConvertible {
  let message: String
  var description: String { message }
}
