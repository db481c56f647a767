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
  /// Counts what a compressed message is more than its bytes on the wire.
  private let held: HeldBytes?
  /// Bytes of the last compressed message, inflated.
  private let inflatedBytes = Atomic(0)

  init(
    path: String, metadata: Metadata, deadline: ContinuousClock.Instant?, maximumMessageBytes: Int,
    held: HeldBytes? = nil, outlet: any CallOutlet
  ) {
    self.path = path
    self.metadata = metadata
    self.deadline = deadline
    self.maximumMessageBytes = maximumMessageBytes
    self.held = held
    self.outlet = outlet
    inbox = Inbox(onEmptied: outlet.inboxEmptied)
  }

  /// The next request message, nil after the last. Credit for more goes back to the client as messages are taken.
  ///
  /// - Throws: ``GRPCError`` when the call was cancelled, expired or broke the protocol.
  public func nextMessage() async throws(GRPCError) -> [UInt8]? {
    guard let frame = try await inbox.next() else { return nil }
    let message = try frame.message(limit: maximumMessageBytes)
    if frame.isCompressed, !holdInflated(message.count) { throw .tooManyHeldBytes }
    return message
  }

  /// Counts an inflated message in place of the one before; false if that exceeds the server's bound.
  private func holdInflated(_ count: Int) -> Bool {
    guard let held else { return true }
    held.remove(inflatedBytes.exchange(count, ordering: .relaxed))
    return held.add(count)
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
    held?.remove(inflatedBytes.exchange(0, ordering: .relaxed))
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
