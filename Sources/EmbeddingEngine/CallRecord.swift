/// What the engine keeps of one call until its last text is delivered.
struct CallRecord: Sendable {
  typealias Deliver = @Sendable (Int, Result<Embedded, EngineError>) -> Void
  typealias Outcome = Result<StageTimings, EngineError>

  let inputs: [EmbedInput]
  let submitted: ContinuousClock.Instant
  let deliver: Deliver
  /// Resumed exactly once, when the record is removed.
  let continuation: CheckedContinuation<Outcome, Never>
  /// Per text: its ids, from tokenization until a worker takes them.
  var waiting: [(text: Prepared, tokenization: Duration)?]
  var undelivered: Int
  var timings = StageTimings.zero

  init(
    inputs: [EmbedInput], submitted: ContinuousClock.Instant, deliver: @escaping Deliver,
    continuation: CheckedContinuation<Outcome, Never>
  ) {
    self.inputs = inputs
    self.submitted = submitted
    self.deliver = deliver
    self.continuation = continuation
    waiting = Array(repeating: nil, count: inputs.count)
    undelivered = inputs.count
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
  let normalize: Bool
  let dimensions: Int?
  let submitted: ContinuousClock.Instant
  let tokenization: Duration
  let deliver: CallRecord.Deliver
}
