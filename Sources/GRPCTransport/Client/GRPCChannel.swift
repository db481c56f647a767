import HTTP2
import NIOCore
import NIOPosix

/// A client's connection to one gRPC server, cleartext HTTP/2. Calls from any task share it.
public final class GRPCChannel: Sendable {
  private let channel: any Channel
  private let handler: NIOLoopBound<ClientConnectionHandler>
  private let authority: String
  /// Sent with every call.
  private let metadata: Metadata

  /// Connects.
  ///
  /// - Parameter metadata: sent with every call, such as `authorization`; names in lower case.
  /// - Throws: `unavailable` naming the address if nothing answers there within `timeout`.
  public static func connect(
    host: String, port: Int, group: any EventLoopGroup, maximumMessageBytes: Int = 64 << 20,
    metadata: Metadata = [], timeout: Duration = .seconds(10)
  ) async throws(GRPCError) -> GRPCChannel {
    let authority = host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    do {
      let (channel, handler) = try await ClientBootstrap(group: group)
        .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        .connectTimeout(TimeAmount(timeout))
        .connect(host: host, port: port) { channel in
          channel.eventLoop.makeCompletedFuture {
            let handler = try ClientConnectionHandler(maximumMessageBytes: maximumMessageBytes)
            try channel.pipeline.syncOperations.addHandler(handler)
            return (channel, NIOLoopBound(handler, eventLoop: channel.eventLoop))
          }
        }
      return GRPCChannel(channel: channel, handler: handler, authority: authority, metadata: metadata)
    } catch {
      throw GRPCError(
        .unavailable, "no server answers at \(authority); start one with `duri serve`, or check the address")
    }
  }

  private init(
    channel: any Channel, handler: NIOLoopBound<ClientConnectionHandler>, authority: String,
    metadata: Metadata
  ) {
    self.channel = channel
    self.handler = handler
    self.authority = authority
    self.metadata = metadata
  }

  /// Starts a call; messages go either way until each side has finished.
  ///
  /// - Parameter path: `/package.Service/Method`
  /// - Parameter timeout: sent to the server as the call's deadline; nil waits for ever.
  public func start(_ path: String, timeout: Duration? = nil) async throws(GRPCError) -> ClientCall {
    try await open(path, timeout: timeout, message: nil)
  }

  /// One message out, one back.
  public func unary(
    _ path: String, _ message: [UInt8], timeout: Duration? = nil
  ) async throws(GRPCError) -> [UInt8] {
    let call = try await open(path, timeout: timeout, message: message)
    guard let reply = try await call.nextMessage() else {
      throw GRPCError(.internal, "the server sent status OK without a message")
    }
    guard try await call.nextMessage() == nil else {
      throw GRPCError(.internal, "the server sent several messages where one is expected")
    }
    return reply
  }

  /// Starts a call in one visit to the event loop.
  private func open(
    _ path: String, timeout: Duration?, message: [UInt8]?
  ) async throws(GRPCError) -> ClientCall {
    var headers: Metadata = [
      .init(name: ":method", value: "POST"), .init(name: ":scheme", value: "http"),
      .init(name: ":path", value: path), .init(name: ":authority", value: authority),
      .init(name: "te", value: "trailers"),
      .init(name: "content-type", value: "application/grpc"),
      .init(name: "grpc-accept-encoding", value: MessageEncoding.accepted),
      .init(name: "user-agent", value: "duri-swift"),
    ]
    headers += metadata
    if let timeout { headers.append(.init(name: "grpc-timeout", value: formatTimeout(timeout))) }
    let request = headers
    let result = await withCheckedContinuation { continuation in
      channel.eventLoop.execute { [handler] in
        continuation.resume(
          returning: handler.value.open(request, timeout: timeout, message: message))
      }
    }
    return try result.get()
  }

  /// Closes the connection; open calls fail with `unavailable`.
  public func close() async {
    try? await channel.close()
  }
}
