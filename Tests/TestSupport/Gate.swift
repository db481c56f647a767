import Synchronization

/// Holds tasks until the test lets them on; the way to have work in progress without sleeping.
public final class Gate: Sendable {
  private enum Ticket {
    case waiting(CheckedContinuation<Bool, Never>)
    /// Cancelled before it began to wait.
    case cancelled
  }

  private struct State {
    var permits: Int
    var isOpen = false
    var nextTicket = 0
    var tickets: [Int: Ticket] = [:]
    /// Who waits to see this many tasks held.
    var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []

    var held: Int {
      tickets.values.count { if case .waiting = $0 { true } else { false } }
    }
  }

  private let state: Mutex<State>

  /// - Parameter permits: passes before the first task is held.
  public init(permits: Int = 0) {
    state = Mutex(State(permits: permits))
  }

  /// Tasks held now.
  public var held: Int { state.withLock { $0.held } }

  /// Waits for a permit.
  ///
  /// - Returns: false if the task was cancelled instead; no permit is used up then.
  public func pass() async -> Bool {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let (answer, watchers) = state.withLock { state in
          Self.take(ticket, continuation, &state)
        }
        for watcher in watchers { watcher.resume() }
        if let answer { continuation.resume(returning: answer) }
      }
    } onCancel: {
      let continuation = state.withLock { state -> CheckedContinuation<Bool, Never>? in
        guard case .waiting(let continuation) = state.tickets.removeValue(forKey: ticket) else {
          state.tickets[ticket] = .cancelled
          return nil
        }
        return continuation
      }
      continuation?.resume(returning: false)
    }
  }

  /// Lets `count` tasks pass, those held longest first.
  public func open(_ count: Int = 1) {
    release { $0.permits += count }
  }

  /// Lets every task pass from now on.
  public func openForGood() {
    release { $0.isOpen = true }
  }

  /// Returns as soon as at least `count` tasks are held.
  public func waitUntilHeld(_ count: Int = 1) async {
    await withCheckedContinuation { continuation in
      let isSo = state.withLock { state in
        if state.held >= count { return true }
        state.watchers.append((count, continuation))
        return false
      }
      if isSo { continuation.resume() }
    }
  }

  /// The answer if there is one at once, and the watchers whose number is reached.
  private static func take(
    _ ticket: Int, _ continuation: CheckedContinuation<Bool, Never>, _ state: inout State
  ) -> (answer: Bool?, watchers: [CheckedContinuation<Void, Never>]) {
    if case .cancelled = state.tickets.removeValue(forKey: ticket) { return (false, []) }
    if state.isOpen { return (true, []) }
    if state.permits > 0 {
      state.permits -= 1
      return (true, [])
    }
    state.tickets[ticket] = .waiting(continuation)
    let held = state.held
    let reached = state.watchers.filter { $0.count <= held }.map(\.continuation)
    state.watchers.removeAll { $0.count <= held }
    return (nil, reached)
  }

  private func release(_ change: (inout State) -> Void) {
    let passing = state.withLock { state in
      change(&state)
      var passing: [CheckedContinuation<Bool, Never>] = []
      for ticket in state.tickets.keys.sorted() where state.isOpen || state.permits > 0 {
        guard case .waiting(let continuation) = state.tickets[ticket] else { continue }
        state.tickets[ticket] = nil
        if !state.isOpen { state.permits -= 1 }
        passing.append(continuation)
      }
      return passing
    }
    for continuation in passing { continuation.resume(returning: true) }
  }
}
