import Logging
import NIOPosix

@testable import GRPCTransport

/// A server on a port of the system's choice, and the service behind it.
struct LiveServer: Sendable {
  let server: GRPCServer
  let service: ControlService
  let port: Int
  let host: String

  /// A new connection to it.
  func connect() async throws -> GRPCChannel {
    try await GRPCChannel.connect(
      host: host, port: port, group: MultiThreadedEventLoopGroup.singleton)
  }
}

extension Logger {
  static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
}

/// Serves while `body` runs, then drains; fails if the server then still holds request bytes.
func withServer(
  _ configure: (inout GRPCServerConfiguration) -> Void = { _ in },
  _ body: (LiveServer) async throws -> Void
) async throws {
  let service = ControlService()
  var configuration = GRPCServerConfiguration()
  configuration.port = 0
  configuration.drainTimeout = .seconds(5)
  configure(&configuration)
  let server = GRPCServer(
    configuration: configuration, routes: service.routes,
    group: MultiThreadedEventLoopGroup.singleton,
    logger: .silent)
  let ports = Mailbox<Int>()
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await server.serve { ports.put($0) } }
    guard let port = await ports.next() else { return }
    do {
      try await body(
        LiveServer(server: server, service: service, port: port, host: configuration.host))
    } catch {
      server.beginDrain()
      throw error
    }
    server.beginDrain()
    try await group.waitForAll()
  }
  if server.held.count != 0 { throw Leak(heldBytes: server.held.count) }
}

/// Request bytes still counted after every call has ended.
struct Leak: Error {
  let heldBytes: Int
}

extension GRPCChannel {
  /// Starts a stream that follows a script.
  func stream(
    _ script: Script, timeout: Duration? = nil
  ) async throws(GRPCError) -> ClientCall {
    let call = try await start("/test.Control/Stream", timeout: timeout)
    try await call.send(script.bytes)
    return call
  }
}

/// Everything a call still answers.
func replies(_ call: ClientCall) async throws -> [[UInt8]] {
  var replies: [[UInt8]] = []
  while let message = try await call.nextMessage() { replies.append(message) }
  return replies
}

/// The status with which an operation fails; nil if it does not.
func status(of operation: () async throws -> Void) async -> GRPCError? {
  do {
    try await operation()
    return nil
  } catch {
    return error as? GRPCError
  }
}

extension LiveServer {
  /// An address where nobody listens any more.
  static func unused() async throws -> LiveServer {
    let gone = Mailbox<LiveServer>()
    try await withServer { gone.put($0) }
    guard let server = await gone.next() else { throw CancellationError() }
    return server
  }
}
