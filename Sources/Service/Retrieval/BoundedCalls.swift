import Synchronization

/// Lets few calls of a costly kind run at once and refuses the others, who may try again.
final class BoundedCalls: Sendable {
  private let limit: Int
  private let what: String
  private let running = Mutex(0)

  /// - Parameter what: what the calls make, for the message of a refusal.
  init(limit: Int, what: String) {
    self.limit = limit
    self.what = what
  }

  /// - Throws: `resourceExhausted` with a hint when to try again, if as many calls run as may.
  func run<R: Sendable>(
    _ call: () async throws(ServiceError) -> R
  ) async throws(ServiceError) -> R {
    let entered = running.withLock { count in
      guard count < limit else { return false }
      count += 1
      return true
    }
    guard entered else {
      throw ServiceError(
        .resourceExhausted,
        "\(limit) calls for \(what) are running, the most there may be; try again later",
        retryAfter: .seconds(1))
    }
    defer { running.withLock { $0 -= 1 } }
    return try await call()
  }
}
