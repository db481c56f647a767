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
  private let outlet: ServerOutlet

  init(path: String, metadata: Metadata, deadline: ContinuousClock.Instant?, outlet: ServerOutlet) {
    self.path = path
    self.metadata = metadata
    self.deadline = deadline
    self.outlet = outlet
    inbox = Inbox(onEmptied: outlet.inboxEmptied)
  }

  /// The next request message, nil after the last. Credit for more goes back to the client as messages are taken.
  ///
  /// - Throws: ``GRPCError`` when the call was cancelled, expired or broke the protocol.
  public func nextMessage() async throws(GRPCError) -> [UInt8]? {
    try await inbox.next()
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
    outlet.finish(message, error)
  }
}

/// The way from a call back to its connection; each closure hops to the event loop.
struct ServerOutlet: Sendable {
  var send: @Sendable ([UInt8], SessionDriver.Sender) -> Void
  var abandonSending: @Sendable () -> Void
  var inboxEmptied: @Sendable () -> Void
  var finish: @Sendable ([UInt8]?, GRPCError?) -> Void
}
