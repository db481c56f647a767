/// One call's protocol state on the server: events in, actions out, no I/O.
///
/// Inbound and outbound close on their own. What comes after the inbound side ended is the peer's fault and cannot
/// reach here (the session answers it); a message or status after the status was sent is legitimately late (a deadline
/// or a failure was faster) and ignored.
struct ServerStream {
  private enum Outbound { case idle, headersSent, finished }

  private var deframer: MessageDeframer
  private let encoding: MessageEncoding
  private var outbound = Outbound.idle
  private(set) var inboundEnded = false

  init(encoding: MessageEncoding, maximumMessageBytes: Int) {
    self.encoding = encoding
    deframer = MessageDeframer(maximumMessageBytes: maximumMessageBytes)
  }

  /// Bytes of a message that is not complete yet.
  var pendingBytes: Int { deframer.pendingBytes }

  /// What to do with received bytes.
  enum OnData: Equatable {
    case deliver([MessageDeframer.Frame], ended: Bool)
    case fail(GRPCError)
    case ignore
  }

  mutating func receivedData(_ bytes: [UInt8], endStream: Bool) -> OnData {
    guard !inboundEnded, outbound != .finished else { return .ignore }
    deframer.append(bytes)
    var messages: [MessageDeframer.Frame] = []
    do {
      while let frame = try deframer.next() { messages.append(try checked(frame)) }
    } catch {
      return .fail(error)
    }
    if endStream {
      inboundEnded = true
      guard deframer.pendingBytes == 0 else {
        return .fail(GRPCError(.internal, "the request ended inside a message"))
      }
    }
    return .deliver(messages, ended: endStream)
  }

  /// The client has nothing more to send.
  mutating func receivedEnd() -> OnData { receivedData([], endStream: true) }

  private func checked(
    _ frame: MessageDeframer.Frame
  ) throws(GRPCError) -> MessageDeframer.Frame {
    guard !frame.isCompressed || encoding != .identity else {
      throw GRPCError(.internal, "a message is marked compressed but grpc-encoding names no encoding")
    }
    return frame
  }

  /// What to send before and with an outbound message.
  enum OnMessage: Equatable { case sendHeadersAndMessage, sendMessage, ignore }

  mutating func sendMessage() -> OnMessage {
    switch outbound {
    case .idle:
      outbound = .headersSent
      return .sendHeadersAndMessage
    case .headersSent: return .sendMessage
    case .finished: return .ignore
    }
  }

  /// How to send the status.
  enum OnFinish: Equatable { case sendTrailersOnly, sendTrailers, ignore }

  mutating func finish() -> OnFinish {
    defer {
      outbound = .finished
      deframer.removeAll()
    }
    switch outbound {
    case .idle: return .sendTrailersOnly
    case .headersSent: return .sendTrailers
    case .finished: return .ignore
    }
  }
}
