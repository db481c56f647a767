/// A snapshot of the queue, and counters since start.
public struct EngineLoad: Sendable, Equatable {
  /// Texts admitted and not yet being computed.
  public var queuedTexts = 0
  /// Texts being computed.
  public var runningTexts = 0
  /// Tokens admitted and not finished, running ones included; an estimate for texts not yet
  /// tokenized.
  public var admittedTokens = 0
  /// Tokens that may be admitted and not finished at one time.
  public var capacityTokens = 0
  /// Calls waiting for admission.
  public var waitingCalls = 0
  public var workers = 0
  /// Recent speed of all workers together.
  public var tokensPerSecond = 0.0

  /// Texts computed, successfully or not.
  public var computedTexts: UInt64 = 0
  /// Tokens of those texts.
  public var computedTokens: UInt64 = 0
  /// Blocks computed.
  public var computedBlocks: UInt64 = 0
  /// Texts dropped before they were computed: cancelled or past their deadline.
  public var droppedTexts: UInt64 = 0
  /// Calls refused because the queue was full.
  public var refusedCalls: UInt64 = 0
  /// Thread time spent tokenizing, over all texts.
  public var tokenizationTime: Duration = .zero
  /// Worker time spent computing, over all blocks.
  public var inferenceTime: Duration = .zero

  public init() {}
}
