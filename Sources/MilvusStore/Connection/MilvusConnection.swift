import GRPCTransport
import NIOPosix
import Retrieval
import SwiftProtobuf
import Synchronization

/// Calls to one Milvus server over one connection, which is made when first needed and again when lost.
final class MilvusConnection: Sendable {
  /// How a call is made.
  struct Manner: Sendable {
    var timeout: Duration
    /// Whether the call may be made again where it is not known if it was carried out.
    var isRepeatable: Bool
    /// Whether the server's words about a failure may be shown: those on documents can quote them.
    var showsReason = false

    /// Reading or writing documents; both leave the same behind when made twice.
    static let data = Manner(timeout: .seconds(30), isRepeatable: true)
    /// Making, describing or dropping collections.
    static let schema = Manner(timeout: .seconds(60), isRepeatable: true, showsReason: true)
    static let making = Manner(timeout: .seconds(60), isRepeatable: false, showsReason: true)
    /// The first call: a wrong address is to be noticed soon.
    static let probe = Manner(timeout: .seconds(10), isRepeatable: false, showsReason: true)
  }

  private struct State {
    var channel: GRPCChannel?
    var isClosed = false
    /// Calls answered so far: a silent connection is told from a slow call by them.
    var answers = 0
  }

  let address: MilvusAddress
  private let state = Mutex(State())

  private static let service = "/milvus.proto.milvus.MilvusService"
  private static let attempts = 5
  private static let firstPause = Duration.milliseconds(50)
  /// Bytes of the largest reply; a server of Milvus sends at most 100 MiB of rows.
  private static let maximumReplyBytes = 256 << 20

  init(address: MilvusAddress) { self.address = address }

  func close() async {
    let channel = state.withLock { state in
      state.isClosed = true
      defer { state.channel = nil }
      return state.channel
    }
    await channel?.close()
  }

  /// Makes a call, again with growing pauses where the server is not there or asks for patience.
  func call<Reply: Message & MilvusReply>(
    _ method: String, _ request: some Message, _ manner: Manner
  ) async throws(MilvusError) -> Reply {
    let bytes: [UInt8]
    do {
      bytes = try request.serializedBytes()
    } catch {
      throw MilvusError(kind: .other, isTransient: false, message: "\(method) could not be encoded")
    }
    var pause = Self.firstPause
    for attempt in 1... {
      do throws(MilvusError) {
        return try await once(method, bytes, manner)
      } catch {
        guard error.isTransient, manner.isRepeatable, attempt < Self.attempts else { throw error }
      }
      do {
        try await Task.sleep(for: pause)
      } catch {
        throw MilvusError(
          kind: .cancelled, isTransient: false, message: "the operation was cancelled", code: .cancelled)
      }
      pause *= 2
    }
    throw MilvusError(kind: .unavailable, isTransient: false, message: "\(method) was not answered")
  }

  private func once<Reply: Message & MilvusReply>(
    _ method: String, _ request: [UInt8], _ manner: Manner
  ) async throws(MilvusError) -> Reply {
    let bytes: [UInt8]
    do throws(GRPCError) {
      bytes = try await unary(method, request, timeout: manner.timeout)
    } catch {
      if state.withLock({ $0.isClosed }) { throw Self.closed(address) }
      throw MilvusError(error, of: method, at: address)
    }
    let reply: Reply
    do {
      reply = try Reply(serializedBytes: bytes)
    } catch {
      throw MilvusError(
        kind: .other, isTransient: false,
        message: "the answer to \(method) from \(address) cannot be read: is a Milvus server there?")
    }
    let failure = MilvusError(
      reply.outcome, of: method, at: address, withReason: manner.showsReason)
    if let failure { throw failure }
    return reply
  }

  private func unary(
    _ method: String, _ request: [UInt8], timeout: Duration
  ) async throws(GRPCError) -> [UInt8] {
    let channel = try await openChannel()
    let answers = state.withLock { $0.answers }
    do throws(GRPCError) {
      let reply = try await channel.unary("\(Self.service)/\(method)", request, timeout: timeout)
      state.withLock { $0.answers &+= 1 }
      return reply
    } catch {
      let isSilent = error.code == .deadlineExceeded && state.withLock { $0.answers } == answers
      if error.code == .unavailable || isSilent { await forget(channel) }
      throw error
    }
  }

  private func openChannel() async throws(GRPCError) -> GRPCChannel {
    let (open, isClosed) = state.withLock { ($0.channel, $0.isClosed) }
    if let open { return open }
    if isClosed { throw GRPCError(.unavailable, "closed") }
    let made = try await GRPCChannel.connect(
      host: address.host, port: address.port, group: MultiThreadedEventLoopGroup.singleton,
      maximumMessageBytes: Self.maximumReplyBytes,
      metadata: address.authorization.map { [.init(name: "authorization", value: $0)] } ?? [])
    let kept = state.withLock { state -> GRPCChannel? in
      if state.isClosed { return nil }
      if state.channel == nil { state.channel = made }
      return state.channel
    }
    // Another call was faster, or the store was closed meanwhile.
    if kept !== made { await made.close() }
    guard let kept else { throw GRPCError(.unavailable, "closed") }
    return kept
  }

  private func forget(_ channel: GRPCChannel) async {
    state.withLock { if $0.channel === channel { $0.channel = nil } }
    await channel.close()
  }

  private static func closed(_ address: MilvusAddress) -> MilvusError {
    MilvusError(
      kind: .other, isTransient: false, message: "the store on Milvus at \(address) is closed: open it again")
  }
}
