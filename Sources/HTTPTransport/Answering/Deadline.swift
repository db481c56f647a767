import Service

/// Ends work that has not ended at its deadline.
///
/// Handlers that embed look at the clock themselves and say of each text what became of it; a little is added for their
/// answer. This is for all the others: what is mined, clustered or looked up ends by cancellation.
/// - Throws: `deadlineExceeded`, or what the work throws.
func within<R: Sendable>(
  _ deadline: ContinuousClock.Instant?, _ work: @escaping @Sendable () async throws -> R
) async throws -> R {
  guard let deadline else { return try await work() }
  return try await withThrowingTaskGroup(of: R.self) { group in
    group.addTask { try await work() }
    group.addTask {
      try await Task.sleep(until: deadline + .milliseconds(250), clock: .continuous)
      throw ServiceError(
        .deadlineExceeded, "the answer was not ready in the time of request-timeout-ms; give more, or ask for less")
    }
    defer { group.cancelAll() }
    guard let first = try await group.next() else { throw CancellationError() }
    return first
  }
}
