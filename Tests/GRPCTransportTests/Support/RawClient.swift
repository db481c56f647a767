import HTTP2
import NIOCore
import NIOPosix

@testable import GRPCTransport

/// A client without manners: it sends whatever a test says, on a real socket. Used by one task.
final class RawClient {
  let session: Session
  private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  /// What came of each stream, in order.
  private(set) var responses: [Int32: Response] = [:]
  private(set) var isAtEnd = false
  /// Whether credit is given back for received bytes.
  var takesResponses = true

  struct Response {
    var headers: Metadata = []
    var trailers: Metadata?
    var body: [UInt8] = []
    /// The stream's end.
    var errorCode: UInt32?

    /// From the trailers, or the headers of a response that is nothing else.
    var status: String? { (trailers ?? headers).first("grpc-status") }
  }

  private init(
    session: Session, inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
    outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  ) {
    self.session = session
    self.inbound = inbound.makeAsyncIterator()
    self.outbound = outbound
  }

  /// Connects, runs `body`, disconnects.
  ///
  /// - Parameter window: bytes the server may send ahead on one stream, and at least that many on all.
  static func connect(
    to server: LiveServer, window: Int32 = 256 << 10, _ body: (RawClient) async throws -> Void
  ) async throws {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: server.host, port: server.port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
        }
      }
    var configuration = Session.Configuration()
    configuration.initialWindow = window
    configuration.connectionWindow = max(window, configuration.connectionWindow)
    try await channel.executeThenClose { [configuration] inbound, outbound in
      try await body(
        RawClient(
          session: try Session(role: .client, configuration: configuration), inbound: inbound,
          outbound: outbound))
    }
  }

  static let headers: Metadata = [
    .init(":method", "POST"), .init(":scheme", "http"), .init(":path", "/test.Control/Stream"),
    .init(":authority", "test"), .init("te", "trailers"), .init("content-type", "application/grpc"),
  ]

  /// Opens a stream with the usual headers, changed as told; nil takes a field away.
  func open(_ changes: [String: String?] = [:], endStream: Bool = false) throws -> Int32 {
    var headers = Self.headers.filter { !changes.keys.contains($0.name) }
    for (name, value) in changes.sorted(by: { $0.key < $1.key }) {
      guard let value else { continue }
      headers.insert(.init(name, value), at: name.hasPrefix(":") ? 0 : headers.count)
    }
    return try session.openRequest(headers, endStream: endStream)
  }

  func flush() async throws {
    var buffer = ByteBuffer()
    try session.drain { buffer.writeBytes($0) }
    if buffer.readableBytes > 0 { try await outbound.write(buffer) }
    note(session.takeEvents())
  }

  /// Sends bytes that did not come from the session.
  func write(_ bytes: [UInt8]) async throws {
    try await outbound.write(ByteBuffer(bytes: bytes))
  }

  /// Exchanges bytes until `condition` holds or the server closes the connection.
  func run(until condition: () -> Bool) async throws {
    try await flush()
    while !condition() {
      guard let buffer = try await inbound.next() else {
        isAtEnd = true
        return
      }
      note(try buffer.withUnsafeReadableBytes { try session.receive($0) })
      try await flush()
    }
  }

  /// Takes bytes without a look at them until the server closes the connection.
  func readToEnd() async throws {
    do {
      while try await inbound.next() != nil {}
    } catch is IOError {
      // A reset is an end too: the server had not read everything.
    }
  }

  /// The whole response on a stream, up to the stream's end.
  func response(on id: Int32) async throws -> Response {
    try await run { responses[id]?.errorCode != nil }
    return responses[id] ?? Response()
  }

  private func note(_ events: [Session.Event]) {
    for event in events {
      switch event {
      case .headers(let id, let headers, _): responses[id, default: Response()].headers = headers
      case .trailers(let id, let trailers): responses[id, default: Response()].trailers = trailers
      case .data(let id, let bytes, _):
        responses[id, default: Response()].body += bytes
        if takesResponses { session.consumed(stream: id, bytes.count) }
      case .streamClosed(let id, let errorCode):
        responses[id, default: Response()].errorCode = errorCode
      default: break
      }
    }
  }
}
