import NIOCore

/// One call as its client sees it. One task reads, one sends. Letting go of a call that is not over gives it up.
public final class ClientCall: Sendable {
  let inbox: Inbox
  private let maximumMessageBytes: Int
  private let outlet: ClientOutlet

  init(maximumMessageBytes: Int, outlet: ClientOutlet) {
    self.maximumMessageBytes = maximumMessageBytes
    self.outlet = outlet
    inbox = Inbox(onEmptied: outlet.inboxEmptied)
  }

  deinit {
    if !inbox.isFinished { outlet.cancel() }
  }

  /// Sends one message; returns when the server has taken enough of those before it.
  ///
  /// - Throws: an error if the call is over (``nextMessage()`` tells its status); `cancelled` if the task was cancelled,
  ///   which gives the call up.
  public func send(_ message: [UInt8]) async throws(GRPCError) {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { outlet.send(message, $0) }
    } onCancel: {
      outlet.abandonSending()
    }
    if case .failure = result, Task.isCancelled { cancel() }
    try result.get()
  }

  /// Tells the server that no more messages will come.
  public func finishSending() { outlet.finishSending() }

  /// The next response message; nil once the server ended the call with status OK.
  ///
  /// - Throws: the server's status if it is not OK.
  public func nextMessage() async throws(GRPCError) -> [UInt8]? {
    do {
      return try await inbox.next()?.message(limit: maximumMessageBytes)
    } catch {
      // The task was cancelled, or the message cannot be read; for a call that is over this does nothing.
      cancel()
      throw error
    }
  }

  /// Gives the call up; the server stops working on it.
  public func cancel() { outlet.cancel() }
}

/// The way from a call back to its connection; each method hops to the event loop.
struct ClientOutlet: Sendable {
  private let handler: NIOLoopBound<ClientConnectionHandler>
  private let eventLoop: any EventLoop
  private let stream: Int32

  init(_ handler: ClientConnectionHandler, stream: Int32, on eventLoop: any EventLoop) {
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

  func finishSending() {
    eventLoop.execute { handler.value.finishSending(stream) }
  }

  func inboxEmptied() {
    eventLoop.execute { handler.value.inboxEmptied(stream) }
  }

  func cancel() {
    eventLoop.execute { handler.value.cancel(stream) }
  }
}
