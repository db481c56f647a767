import Synchronization

/// Permits for the texts of one stream; one task acquires, another releases.
final class StreamWindow: Sendable {
  let capacity: Int

  private struct State {
    var available: Int
    var isCancelled = false
    var waiter: (count: Int, continuation: CheckedContinuation<Bool, Never>)?
  }

  private let state: Mutex<State>

  init(capacity: Int) {
    self.capacity = capacity
    state = Mutex(State(available: capacity))
  }

  /// Waits until `count` permits (at most the capacity) are free, and takes them.
  ///
  /// - Throws: `CancellationError` when the task is cancelled.
  func acquire(_ count: Int) async throws {
    let count = min(count, capacity)
    let granted = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let answer = state.withLock { state -> Bool? in
          if state.isCancelled { return false }
          guard state.available >= count else {
            state.waiter = (count, continuation)
            return nil
          }
          state.available -= count
          return true
        }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let waiter = state.withLock { state in
        state.isCancelled = true
        defer { state.waiter = nil }
        return state.waiter
      }
      waiter?.continuation.resume(returning: false)
    }
    guard granted else { throw CancellationError() }
  }

  func release(_ count: Int) {
    let waiter = state.withLock { state -> CheckedContinuation<Bool, Never>? in
      state.available += count
      guard let waiter = state.waiter, state.available >= waiter.count else { return nil }
      state.available -= waiter.count
      state.waiter = nil
      return waiter.continuation
    }
    waiter?.resume(returning: true)
  }
}
