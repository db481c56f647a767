import GRPCTransport
import Logging
import NIOPosix
import Synchronization

/// What a stand-in for a server answers to a method: a message, or a status.
typealias Answer = @Sendable ([UInt8]) -> Result<[UInt8], GRPCError>

/// The `authorization` of the calls so far.
private final class Seen: Sendable {
  let headers = Mutex<[String?]>([])
}

/// Runs `body` beside a gRPC server of Milvus' service that knows some methods only.
///
/// - Parameter body: takes the address, and what gives the `authorization` of the calls so far.
func withServer(
  _ answers: [String: Answer],
  _ body: @escaping @Sendable (String, @Sendable () -> [String?]) async throws -> Void
) async throws {
  let seen = Seen()
  var routes = Routes()
  for (method, answer) in answers {
    routes.add(
      "/milvus.proto.milvus.MilvusService/\(method)",
      .unary { call, message in
        seen.headers.withLock { $0.append(call.metadata.first("authorization")) }
        return try answer(message).get()
      })
  }
  var configuration = GRPCServerConfiguration()
  configuration.port = 0
  configuration.drainTimeout = .seconds(1)
  let server = GRPCServer(
    configuration: configuration, routes: routes, group: MultiThreadedEventLoopGroup.singleton,
    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  let (ports, listening) = AsyncStream.makeStream(of: Int.self)
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask { try await server.serve { listening.yield($0) } }
    group.addTask {
      defer { server.beginDrain() }
      for await port in ports {
        try await body("127.0.0.1:\(port)") { seen.headers.withLock { $0 } }
        break
      }
    }
    try await group.waitForAll()
  }
}
