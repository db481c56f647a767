import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle

/// JSON over HTTP/1.1.
public struct HTTPServer: Sendable {
  private let configuration: HTTPConfiguration
  private let group: any EventLoopGroup
  private let logger: Logger
  private let connections: Connections
  private let responder: Responder

  /// - Parameters:
  ///   - routes: what is served.
  ///   - maximumBodyBytes: of a body that is not streamed.
  ///   - group: event loops that serve the sockets; they outlive the server.
  public init(
    configuration: HTTPConfiguration, routes: RouteTable, maximumBodyBytes: Int,
    group: any EventLoopGroup, logger: Logger
  ) {
    self.configuration = configuration
    self.group = group
    self.logger = logger
    connections = Connections(maximum: configuration.maximumConnections)
    responder = Responder(
      table: routes, connections: connections,
      bodies: BodyBudget(maximum: configuration.maximumHeldBytes),
      maximumBodyBytes: maximumBodyBytes, hostCheck: HostCheck(configuration),
      crossOrigin: CrossOrigin(configuration), logger: logger)
  }

  /// Serves until the task is cancelled or a graceful shutdown begins; then open requests are answered, and
  /// connections close behind their answers.
  ///
  /// - Parameter onListening: told the bound port once connections are accepted.
  /// - Throws: the socket's error if the address cannot be listened on.
  public func serve(onListening: @escaping @Sendable (Int) -> Void) async throws {
    let configuration = configuration
    let connections = connections
    let responder = responder
    let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
      maxHeaderFieldSize: configuration.maximumHeaderBytes,
      maxHeaderListSize: configuration.maximumHeaderBytes,
      maxHeaderFieldCount: configuration.maximumHeaderFields)
    let channels = HTTP1Channel(
      responder: { try await responder.respond($0, $1, $2) },
      configuration: HTTP1Channel.Configuration(
        additionalChannelHandlers: [
          ConnectionHandler(connections: connections, configuration: configuration)
        ],
        httpDecoderConfiguration: decoder))
    let server = HummingbirdCore.Server(
      childChannelSetup: channels,
      configuration: ServerConfiguration(
        address: .hostname(configuration.host, port: configuration.port)),
      onServerRunning: { channel in onListening(channel.localAddress?.port ?? configuration.port) },
      eventLoopGroup: group, logger: quiet)
    try await withGracefulShutdownHandler {
      try await server.run()
    } onGracefulShutdown: {
      connections.beginDrain()
    }
  }

  /// The library reports each of its steps; only its warnings concern an operator.
  private var quiet: Logger {
    var logger = logger
    logger.logLevel = max(logger.logLevel, .warning)
    return logger
  }
}
