/// What answers a method.
public enum RPCHandler: Sendable {
  /// One message in, one out.
  case unary(@Sendable (ServerCall, [UInt8]) async throws -> [UInt8])
  /// Any number each way; returning ends the call with status OK.
  case streaming(@Sendable (ServerCall) async throws -> Void)
}

/// The methods a server answers, by path (`/package.Service/Method`).
public struct Routes: Sendable {
  private var handlers: [String: RPCHandler] = [:]

  public init() {}

  public mutating func add(_ path: String, _ handler: RPCHandler) {
    handlers[path] = handler
  }

  func handler(for path: String) -> RPCHandler? { handlers[path] }
}

extension RPCHandler {
  var isUnary: Bool {
    switch self {
    case .unary: true
    case .streaming: false
    }
  }

  /// Runs the handler for a call and gives its last message; errors become a status.
  func run(_ call: ServerCall) async throws -> [UInt8]? {
    switch self {
    case .streaming(let handle):
      try await handle(call)
      return nil
    case .unary(let handle):
      guard let message = try await call.nextMessage() else {
        throw GRPCError(.invalidArgument, "the request carries no message; exactly one is expected")
      }
      guard try await call.nextMessage() == nil else {
        throw GRPCError(.invalidArgument, "the request carries several messages; exactly one is expected")
      }
      return try await handle(call, message)
    }
  }
}
