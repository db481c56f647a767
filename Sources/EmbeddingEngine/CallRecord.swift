/// What the engine keeps of one call until its last text is delivered.
struct CallRecord: Sendable {
  typealias Outcome = Result<StageTimings, EngineError>

  let work: CallWork
  let submitted: ContinuousClock.Instant
  /// Resumed exactly once, when the record is removed.
  let continuation: CheckedContinuation<Outcome, Never>
  /// Per text: its ids, from tokenization until a worker takes them.
  var waiting: [(text: Prepared, tokenization: Duration)?]
  var undelivered: Int
  var timings = StageTimings.zero

  init(
    work: CallWork, submitted: ContinuousClock.Instant,
    continuation: CheckedContinuation<Outcome, Never>
  ) {
    self.work = work
    self.submitted = submitted
    self.continuation = continuation
    waiting = Array(repeating: nil, count: work.count)
    undelivered = work.count
  }

  /// Moves a text's ids out.
  mutating func takeWaiting(_ index: Int) -> (text: Prepared, tokenization: Duration)? {
    defer { waiting[index] = nil }
    return waiting[index]
  }
}

/// A call that has ended. It is resumed outside the lock, and what the caller's closure holds is
/// let go there too.
struct Ending: Sendable {
  let call: CallRecord
  let outcome: CallRecord.Outcome

  func resume() {
    call.continuation.resume(returning: outcome)
  }
}

/// One text in a worker's hands.
struct BatchItem: Sendable {
  let id: Scheduler.TextID
  let text: Prepared
  let output: ItemOutput
  let submitted: ContinuousClock.Instant
  let tokenization: Duration
}
