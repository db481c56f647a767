import NIOCore
import Synchronization

/// One call as its handler sees it. May be used from any task; one task reads, one sends.
public final class ServerCall: Sendable {
  /// `/package.Service/Method`
  public let path: String
  /// The request's header fields.
  public let metadata: Metadata
  /// When the client stops waiting; nil if it waits for ever.
  public let deadline: ContinuousClock.Instant?

  let inbox: Inbox
  /// Fires when the call is over for the client: answered, cancelled, expired, or its connection gone.
  let ended = Signal()
  private let outlet: any CallOutlet
  private let maximumMessageBytes: Int
  private let isUnary: Bool
  /// Counts what has arrived and was not read.
  let bytes: CallBytes
  /// Counts the last message read: its handler is working on it.
  private let lastMessage = Mutex<HeldMessage?>(nil)

  init(
    path: String, metadata: Metadata, deadline: ContinuousClock.Instant?, maximumMessageBytes: Int,
    isUnary: Bool = false, held: HeldBytes = HeldBytes(limit: .max), outlet: any CallOutlet
  ) {
    self.path = path
    self.metadata = metadata
    self.deadline = deadline
    self.maximumMessageBytes = maximumMessageBytes
    self.isUnary = isUnary
    bytes = CallBytes(held)
    self.outlet = outlet
    inbox = Inbox(onEmptied: outlet.inboxEmptied)
  }

  /// The next request message, nil after the last. Credit for more goes back to the client as messages are taken.
  ///
  /// A message counts against the server's bound until the next one is asked for; whoever works on it for longer keeps
  /// it counted by ``keepLastMessage()``.
  ///
  /// - Throws: ``GRPCError`` when the call was cancelled, expired or broke the protocol.
  public func nextMessage() async throws(GRPCError) -> [UInt8]? {
    // A unary call asks for a second message only to see that there is none, with the first still to be answered.
    if !isUnary { lastMessage.withLock { $0 = nil } }
    guard let frame = try await inbox.next() else { return nil }
    let held = bytes.take(frame.payload.count)
    lastMessage.withLock { $0 = held }
    let message = try frame.message(limit: maximumMessageBytes)
    // A compressed one has grown.
    guard held.resize(to: message.count) else { throw .tooManyHeldBytes }
    return message
  }

  /// The last message, which stays counted as long as the result is kept; nil if there was none, or if the next one is
  /// being asked for.
  public func keepLastMessage() -> HeldMessage? {
    lastMessage.withLock { $0 }
  }

  /// Sends one response message; returns when the client has taken enough of those before it.
  public func send(_ message: [UInt8]) async throws(GRPCError) {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { outlet.send(message, $0) }
    } onCancel: {
      outlet.abandonSending()
    }
    try result.get()
  }

  /// Ends the call: the last message, if any, then the status.
  func finish(message: [UInt8]?, error: GRPCError?) {
    lastMessage.withLock { $0 = nil }
    outlet.finish(message, error)
  }
}

/// The way from a call back to whoever carries it; tests put themselves there.
protocol CallOutlet: Sendable {
  /// Sends a message; resumes the sender once there is room for another.
  func send(_ message: [UInt8], _ sender: SessionDriver.Sender)
  /// The sending task was cancelled: its sender must not wait any longer.
  func abandonSending()
  /// The handler took the last message that had arrived.
  func inboxEmptied()
  func finish(_ message: [UInt8]?, _ error: GRPCError?)
}

/// The way back to a connection; each method hops to the event loop.
struct ServerOutlet: CallOutlet {
  private let handler: NIOLoopBound<ServerConnectionHandler>
  private let eventLoop: any EventLoop
  private let stream: Int32

  init(_ handler: ServerConnectionHandler, stream: Int32, on eventLoop: any EventLoop) {
    self.handler = NIOLoopBound(handler, eventLoop: eventLoop)
    self.eventLoop = eventLoop
    self.stream = stream
  }

  func send(_ message: [UInt8], _ sender: SessionDriver.Sender) {
    eventLoop.execute { handler.value.send(message, on: stream, sender: sender) }
  }

  func abandonSending() {
    eventLoop.execute { handler.value.abandonSending(on: stream) }
  }

  func inboxEmptied() {
    eventLoop.execute { handler.value.inboxEmptied(stream) }
  }

  func finish(_ message: [UInt8]?, _ error: GRPCError?) {
    eventLoop.execute { handler.value.end(stream, message: message, error: error) }
  }
}
