/// One call as its client sees it. One task reads, one sends.
public final class ClientCall: Sendable {
  let inbox: Inbox
  private let outlet: ClientOutlet

  init(outlet: ClientOutlet) {
    self.outlet = outlet
    inbox = Inbox(onEmptied: outlet.inboxEmptied)
  }

  /// Sends one message; returns when the server has taken enough of those before it.
  public func send(_ message: [UInt8]) async throws(GRPCError) {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { outlet.send(message, $0) }
    } onCancel: {
      outlet.abandonSending()
    }
    try result.get()
  }

  /// Tells the server that no more messages will come.
  public func finishSending() { outlet.finishSending() }

  /// The next response message; nil once the server ended the call with status OK.
  ///
  /// - Throws: the server's status if it is not OK.
  public func nextMessage() async throws(GRPCError) -> [UInt8]? {
    do {
      return try await inbox.next()
    } catch {
      if Task.isCancelled { cancel() }
      throw error
    }
  }

  /// Gives the call up; the server stops working on it.
  public func cancel() { outlet.cancel() }
}

/// The way from a call back to its connection; each closure hops to the event loop.
struct ClientOutlet: Sendable {
  var send: @Sendable ([UInt8], SessionDriver.Sender) -> Void
  var abandonSending: @Sendable () -> Void
  var finishSending: @Sendable () -> Void
  var inboxEmptied: @Sendable () -> Void
  var cancel: @Sendable () -> Void
}
