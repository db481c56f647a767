/// Where the time of one call went.
///
/// Each value is the **longest** that any one text of the call spent in that stage, so for a call
/// of one text the three add up to its whole stay in the engine. Sums over all calls are in
/// ``EngineLoad``.
public struct StageTimings: Sendable, Equatable {
  /// Turning text into ids.
  public var tokenization: Duration
  /// Waiting: for admission, for a thread to tokenize, for a worker to compute.
  public var queue: Duration
  /// Computing the block that held the text.
  public var inference: Duration

  public init(
    tokenization: Duration = .zero, queue: Duration = .zero, inference: Duration = .zero
  ) {
    self.tokenization = tokenization
    self.queue = queue
    self.inference = inference
  }

  public static let zero = StageTimings()

  /// Takes the longer of both, stage by stage.
  mutating func extend(to other: StageTimings) {
    tokenization = max(tokenization, other.tokenization)
    queue = max(queue, other.queue)
    inference = max(inference, other.inference)
  }
}
