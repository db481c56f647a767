import Synchronization

/// Whether the server serves, and who wants to know when that changes.
final class HealthState: Sendable {
  private struct State {
    var isServing = true
    var nextWatcher = 0
    var watchers: [Int: AsyncStream<Bool>.Continuation] = [:]
  }

  private let services: Set<String>
  private let state = Mutex(State())

  /// - Parameter services: full names of the services; the empty name, the server as a whole, is always known.
  init(services: [String]) {
    self.services = Set(services).union([""])
  }

  func knows(_ service: String) -> Bool { services.contains(service) }

  var isServing: Bool { state.withLock { $0.isServing } }

  /// Draining has begun.
  func stopServing() {
    let watchers = state.withLock { state in
      state.isServing = false
      return state.watchers.values.map { $0 }
    }
    for watcher in watchers { watcher.yield(false) }
  }

  /// The present state, then each change; ends when the watching task does.
  func changes() -> AsyncStream<Bool> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: Bool.self, bufferingPolicy: .bufferingNewest(1))
    let (watcher, isServing) = state.withLock { state in
      state.nextWatcher += 1
      state.watchers[state.nextWatcher] = continuation
      return (state.nextWatcher, state.isServing)
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { _ = $0.watchers.removeValue(forKey: watcher) }
    }
    continuation.yield(isServing)
    return stream
  }
}
