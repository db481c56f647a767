import DequeModule
import Synchronization

/// Hands a call's inbound messages from the event loop to the one task that reads them.
final class Inbox: Sendable {
  typealias Next = Result<MessageDeframer.Frame?, GRPCError>

  private struct State {
    var messages: Deque<MessageDeframer.Frame> = []
    /// Bytes of all `messages`.
    var unreadBytes = 0
    /// Set once: nothing follows the messages already here. `.success(nil)` is a clean end.
    var end: Next?
    var readerCancelled = false
    var reader: CheckedContinuation<Next, Never>?
  }

  private let state = Mutex(State())
  /// Called after the reader took the last message here, so that flow-control credit can go back. Not called once
  /// the end is known: nothing more will need credit.
  private let onEmptied: @Sendable () -> Void

  init(onEmptied: @escaping @Sendable () -> Void) {
    self.onEmptied = onEmptied
  }

  var isEmpty: Bool { state.withLock { $0.messages.isEmpty } }

  /// Bytes of the messages that wait here.
  var unreadBytes: Int { state.withLock { $0.unreadBytes } }

  /// A task waits for a message.
  var hasReader: Bool { state.withLock { $0.reader != nil } }

  /// Nothing will follow what is here.
  var isFinished: Bool { state.withLock { $0.end != nil } }

  func push(_ message: MessageDeframer.Frame) {
    let reader = state.withLock { state -> CheckedContinuation<Next, Never>? in
      guard state.end == nil else { return nil }
      guard let reader = state.reader else {
        state.messages.append(message)
        state.unreadBytes += message.payload.count
        return nil
      }
      state.reader = nil
      return reader
    }
    reader?.resume(returning: .success(message))
  }

  /// Nothing will follow. A failure replaces a clean end; a clean end never replaces a failure.
  ///
  /// - Parameter discardingUnread: drop what was not read yet: nobody waits for its outcome.
  func finish(_ failure: GRPCError? = nil, discardingUnread: Bool = false) {
    let end: Next = failure.map { .failure($0) } ?? .success(nil)
    let reader = state.withLock { state -> CheckedContinuation<Next, Never>? in
      if discardingUnread {
        state.messages.removeAll()
        state.unreadBytes = 0
      }
      if state.end == nil || failure != nil { state.end = end }
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume(returning: end)
  }

  /// The next message; nil after the last. For one task at a time.
  func next() async throws(GRPCError) -> MessageDeframer.Frame? {
    let result = await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Next, Never>) in
        let (answer, emptied) = state.withLock { state -> (Next?, Bool) in
          if let message = state.messages.popFirst() {
            state.unreadBytes -= message.payload.count
            return (.success(message), state.messages.isEmpty && state.end == nil)
          }
          if let end = state.end { return (end, false) }
          if state.readerCancelled { return (.failure(.taskCancelled), false) }
          if state.reader != nil {
            return (.failure(GRPCError(.internal, "two tasks read one call's messages")), false)
          }
          state.reader = continuation
          return (nil, false)
        }
        if emptied { onEmptied() }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let reader = state.withLock { state -> CheckedContinuation<Next, Never>? in
        state.readerCancelled = true
        defer { state.reader = nil }
        return state.reader
      }
      reader?.resume(returning: .failure(.taskCancelled))
    }
    return try result.get()
  }
}
