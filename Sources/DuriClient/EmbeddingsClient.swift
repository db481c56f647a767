import GRPCTransport
import NIOPosix
import WireFormats

/// The gRPC interface of a Duri server, `duri.v1.Embeddings`.
///
/// One client shares one connection among all its calls; close it when done.
public final class EmbeddingsClient: Sendable {
  private static let service = "/duri.v1.Embeddings"

  private let channel: GRPCChannel

  /// Connects.
  ///
  /// - Throws: `unavailable` naming the address if no server answers there.
  public static func connect(host: String, port: Int) async throws(GRPCError) -> EmbeddingsClient {
    EmbeddingsClient(
      channel: try await GRPCChannel.connect(
        host: host, port: port, group: MultiThreadedEventLoopGroup.singleton))
  }

  private init(channel: GRPCChannel) {
    self.channel = channel
  }

  /// Embeds a list of texts; see `Embed` in `embeddings.proto`.
  ///
  /// - Parameter timeout: the call's deadline; nil waits for ever.
  public func embed(
    _ request: Duri_V1_EmbedRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_EmbedResponse {
    let reply = try await channel.unary(
      "\(Self.service)/Embed", try serialize(request), timeout: timeout)
    return try parse(reply)
  }

  /// Describes the served model.
  ///
  /// - Parameter name: fails with `notFound` unless the served model has this name; empty accepts any.
  public func model(_ name: String = "") async throws(GRPCError) -> Duri_V1_GetModelResponse {
    var request = Duri_V1_GetModelRequest()
    request.model = name
    let reply = try await channel.unary("\(Self.service)/GetModel", try serialize(request))
    return try parse(reply)
  }

  /// Opens an `EmbedStream`: send texts from one task, read results in another.
  public func embedStream(
    _ settings: Duri_V1_StreamSettings, timeout: Duration? = nil
  ) async throws(GRPCError) -> EmbeddingsStream {
    let call = try await channel.start("\(Self.service)/EmbedStream", timeout: timeout)
    var opening = Duri_V1_EmbedStreamRequest()
    opening.settings = settings
    let stream = EmbeddingsStream(call: call)
    try await stream.send(opening)
    return stream
  }

  public func close() async { await channel.close() }
}

/// An open `EmbedStream`.
public final class EmbeddingsStream: Sendable {
  private let call: ClientCall

  init(call: ClientCall) {
    self.call = call
  }

  /// Sends texts; waits while the server takes no more.
  public func send(_ texts: [Duri_V1_StreamText]) async throws(GRPCError) {
    var request = Duri_V1_EmbedStreamRequest()
    request.texts = texts
    try await send(request)
  }

  func send(_ request: Duri_V1_EmbedStreamRequest) async throws(GRPCError) {
    try await call.send(try serialize(request))
  }

  /// Says that no more texts will come.
  public func finishSending() { call.finishSending() }

  /// Results that are ready; nil after the last.
  public func next() async throws(GRPCError) -> [Duri_V1_StreamItem]? {
    guard let message = try await call.nextMessage() else { return nil }
    let response: Duri_V1_EmbedStreamResponse = try parse(message)
    return response.items
  }

  /// Gives the stream up; the server stops working on it.
  public func cancel() { call.cancel() }
}
