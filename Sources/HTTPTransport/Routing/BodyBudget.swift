import Synchronization

/// Bytes of request bodies held at once, all connections together.
final class BodyBudget: Sendable {
  private let maximum: Int
  private let held = Mutex(0)

  init(maximum: Int) {
    self.maximum = maximum
  }

  /// - Returns: whether there was room; nothing is taken otherwise.
  func take(_ bytes: Int) -> Bool {
    held.withLock { held in
      guard held + bytes <= maximum else { return false }
      held += bytes
      return true
    }
  }

  func release(_ bytes: Int) {
    held.withLock { $0 -= bytes }
  }
}
