import Synchronization
import WireFormats

/// Results of one stream on their way from worker threads to the task that sends them.
///
/// Holds no more than the stream's window lets through.
final class StreamResults: Sendable {
  typealias Batch = (items: [Duri_V1_StreamItem], weight: Int)

  /// Most results in one message: keeps messages of 1,024-component vectors near 1 MiB.
  private static let batchSize = 256

  private struct Entry {
    var item: Duri_V1_StreamItem
    var weight: Int
  }

  private struct State {
    var ready: [Entry] = []
    /// Ordered streams only: results whose predecessors are not ready, by index.
    var early: [UInt64: Entry] = [:]
    var nextIndex: UInt64 = 0
    var isFinished = false
    var isCancelled = false
    var reader: CheckedContinuation<Void, Never>?
  }

  private let ordered: Bool
  private let state = Mutex(State())

  init(ordered: Bool) {
    self.ordered = ordered
  }

  func add(_ item: Duri_V1_StreamItem, weight: Int) {
    let entry = Entry(item: item, weight: weight)
    update { state in
      guard ordered else {
        state.ready.append(entry)
        return
      }
      state.early[item.index] = entry
      while let next = state.early.removeValue(forKey: state.nextIndex) {
        state.ready.append(next)
        state.nextIndex += 1
      }
    }
  }

  /// No more results will be added.
  func finish() {
    update { $0.isFinished = true }
  }

  /// Everything that is ready, at most one message's worth; waits for at least one. nil after the last.
  func next() async throws -> Batch? {
    while true {
      let (batch, isOver) = state.withLock { state -> (Batch?, Bool) in
        guard !state.ready.isEmpty else { return (nil, state.isFinished) }
        let taken = state.ready.prefix(Self.batchSize)
        state.ready.removeFirst(taken.count)
        return ((taken.map(\.item), taken.reduce(0) { $0 + $1.weight }), false)
      }
      if let batch { return batch }
      if isOver { return nil }
      try Task.checkCancellation()
      await waitForChange()
    }
  }

  private func waitForChange() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let goesOn = state.withLock { state -> Bool in
          if !state.ready.isEmpty || state.isFinished || state.isCancelled { return true }
          state.reader = continuation
          return false
        }
        if goesOn { continuation.resume() }
      }
    } onCancel: {
      update { $0.isCancelled = true }
    }
  }

  private func update(_ change: (inout State) -> Void) {
    let reader = state.withLock { state -> CheckedContinuation<Void, Never>? in
      change(&state)
      guard !state.ready.isEmpty || state.isFinished || state.isCancelled else { return nil }
      defer { state.reader = nil }
      return state.reader
    }
    reader?.resume()
  }
}
