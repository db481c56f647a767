import NIOCore
import Synchronization

/// What the tasks of a connection need to know of it: whether the client is still there.
final class Connection: Sendable {
  private struct State {
    var isGone = false
    var nextWaiter = 0
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())
  private let streamsBody = Atomic(false)

  /// Whether the present request's body may take as long as it likes, as long as pieces keep coming.
  var isBodyStreamed: Bool {
    get { streamsBody.load(ordering: .relaxed) }
    set { streamsBody.store(newValue, ordering: .relaxed) }
  }

  /// The client has closed its side; what is computed for it is computed for nobody.
  func clientLeft() {
    let waiters = state.withLock { state in
      state.isGone = true
      defer { state.waiters = [:] }
      return state.waiters.values.map { $0 }
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Runs the work, and cancels it when the client leaves.
  ///
  /// - Throws: ``ClientLeft``, or the work's own error.
  func whileOpen<R: Sendable>(_ work: @escaping @Sendable () async throws -> R) async throws -> R {
    try await withThrowingTaskGroup(of: R?.self) { group in
      group.addTask { try await work() }
      group.addTask {
        await self.left()
        return nil
      }
      defer { group.cancelAll() }
      guard let first = try await group.next(), let result = first else { throw ClientLeft() }
      return result
    }
  }

  /// Returns when the client has left or the task is cancelled.
  func left() async {
    let ticket = state.withLock { state in
      state.nextWaiter += 1
      return state.nextWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.isGone || Task.isCancelled { return true }
          state.waiters[ticket] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
    }
  }
}

/// The client closed the connection before it had its answer.
struct ClientLeft: Error {}

/// Every open connection, by its channel.
final class Connections: Sendable {
  private let open = Mutex<[ObjectIdentifier: Connection]>([:])
  private let drains = Atomic(false)
  private let maximum: Int

  init(maximum: Int) {
    self.maximum = maximum
  }

  /// Whether the server is stopping, so that no connection outlives its present answer.
  var isDraining: Bool { drains.load(ordering: .relaxed) }

  func beginDrain() { drains.store(true, ordering: .relaxed) }

  /// - Returns: nil if there are as many as there may be.
  func add(_ channel: any Channel) -> Connection? {
    open.withLock { open in
      guard open.count < maximum else { return nil }
      let connection = Connection()
      open[ObjectIdentifier(channel)] = connection
      return connection
    }
  }

  func remove(_ channel: any Channel) {
    open.withLock { $0.removeValue(forKey: ObjectIdentifier(channel)) }?.clientLeft()
  }

  subscript(channel: any Channel) -> Connection? {
    open.withLock { $0[ObjectIdentifier(channel)] }
  }
}
