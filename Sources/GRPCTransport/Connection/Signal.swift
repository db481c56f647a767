import Synchronization

/// Fires once; whoever waits, or comes to wait later, goes on.
final class Signal: Sendable {
  private enum State {
    case waiting([CheckedContinuation<Void, Never>])
    case fired
  }

  private let state = Mutex(State.waiting([]))

  func fire() {
    let waiters = state.withLock { state -> [CheckedContinuation<Void, Never>] in
      guard case .waiting(let waiters) = state else { return [] }
      state = .fired
      return waiters
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns when fired, or when the waiting task is cancelled, which fires it too.
  func wait() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
        let isFired = state.withLock { state -> Bool in
          guard case .waiting(let waiters) = state else { return true }
          state = .waiting(waiters + [continuation])
          return false
        }
        if isFired { continuation.resume() }
      }
    } onCancel: {
      fire()
    }
  }
}
