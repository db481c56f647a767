import Synchronization

/// Bytes of requests held in memory by all calls of a server, against one bound.
final class HeldBytes: Sendable {
  private let limit: Int
  private let held = Atomic(0)

  init(limit: Int) {
    self.limit = limit
  }

  /// Counts bytes in; false if that exceeds the bound (they are counted all the same until removed).
  func add(_ count: Int) -> Bool {
    held.wrappingAdd(count, ordering: .relaxed).newValue <= limit
  }

  func remove(_ count: Int) {
    held.wrappingSubtract(count, ordering: .relaxed)
  }

  var count: Int { held.load(ordering: .relaxed) }
}
