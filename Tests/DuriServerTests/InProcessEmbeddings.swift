import Synchronization
import SwiftProtobuf
import WireFormats

@testable import GRPCTransport

/// Calls routes without a socket: what a client would send goes in as bytes, what it would receive comes out.
struct InProcessEmbeddings: Embeddings {
  let routes: Routes

  func embed(_ request: Duri_V1_EmbedRequest) async throws -> Duri_V1_EmbedResponse {
    try await unary("Embed", request)
  }

  func model(_ request: Duri_V1_GetModelRequest) async throws -> Duri_V1_GetModelResponse {
    try await unary("GetModel", request)
  }

  func stream(_ requests: [Duri_V1_EmbedStreamRequest]) async throws -> [Duri_V1_StreamItem] {
    let bodies = try requests.map { try $0.serializedBytes() as [UInt8] }
    return try await call("EmbedStream", bodies).flatMap {
      try Duri_V1_EmbedStreamResponse(serializedBytes: $0).items
    }
  }

  private func unary<Reply: Message>(_ method: String, _ request: some Message) async throws -> Reply {
    let replies = try await call(method, [try request.serializedBytes()])
    guard let reply = replies.first, replies.count == 1 else {
      throw GRPCError(.internal, "\(replies.count) replies")
    }
    return try Reply(serializedBytes: reply)
  }

  private func call(_ method: String, _ bodies: [[UInt8]]) async throws -> [[UInt8]] {
    let call = InProcessCall(path: "/duri.v1.Embeddings/\(method)")
    for body in bodies { call.push(body) }
    call.server.inbox.finish()
    guard let handler = routes.handler(for: call.server.path) else {
      throw GRPCError(.unimplemented, "no route")
    }
    if let last = try await handler.run(call.server) { call.sent.append(last) }
    return call.sent.all
  }
}

/// A server call whose other side is this test.
final class InProcessCall: Sendable {
  let server: ServerCall
  let sent: SentMessages

  /// - Parameter reads: whether the client takes messages; if not, every send waits until `sent.read()`.
  init(path: String, reads: Bool = true) {
    sent = SentMessages(reads: reads)
    server = ServerCall(
      path: path, metadata: [], deadline: nil, maximumMessageBytes: .max, outlet: sent)
  }

  /// The client sends a message.
  func push(_ body: [UInt8]) {
    server.inbox.push(MessageDeframer.Frame(isCompressed: false, payload: body))
  }
}

/// What a handler has sent, and the sends that wait for the client to read.
final class SentMessages: CallOutlet {
  private struct State {
    var messages: [[UInt8]] = []
    var reads: Bool
    var isAbandoned = false
    var waiting: [SessionDriver.Sender] = []
  }

  private let state: Mutex<State>

  init(reads: Bool) {
    state = Mutex(State(reads: reads))
  }

  var all: [[UInt8]] { state.withLock { $0.messages } }

  func append(_ message: [UInt8]) { state.withLock { $0.messages.append(message) } }

  func send(_ message: [UInt8], _ sender: SessionDriver.Sender) {
    let answer = state.withLock { state -> Result<Void, GRPCError>? in
      if state.isAbandoned { return .failure(.taskCancelled) }
      state.messages.append(message)
      if state.reads { return .success(()) }
      state.waiting.append(sender)
      return nil
    }
    if let answer { sender.resume(returning: answer) }
  }

  /// The client reads everything from now on.
  func read() {
    let waiting = state.withLock { state in
      state.reads = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for sender in waiting { sender.resume(returning: .success(())) }
  }

  func inboxEmptied() {}

  func finish(_ message: [UInt8]?, _ error: GRPCError?) {}

  func abandonSending() {
    let waiting = state.withLock { state in
      state.isAbandoned = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for sender in waiting { sender.resume(returning: .failure(.taskCancelled)) }
  }
}
