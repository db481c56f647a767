import Foundation

/// Sizes of the engine. Values out of range are brought to the nearest one that works.
public struct EngineConfiguration: Sendable, Equatable {
  /// Threads that compute blocks, each with its own workspace. Default: the number of cores; at
  /// least 1.
  public var workers: Int
  /// Threads that tokenize while the workers compute. Default: half the cores, at least 1.
  /// A worker with nothing to compute tokenizes as well, so 0 works too.
  public var tokenizerThreads: Int
  /// Tokens computed together. Default 256: few enough that activations stay in the L2 cache.
  /// A longer text makes a block of its own.
  public var blockTokens: Int
  /// Tokens that may be admitted and not finished at one time. Default 262 144.
  public var queueTokens: Int
  /// A text with no deadline, or a later one, is ordered as if it were due this long after its
  /// arrival, so that nearer deadlines go first but not for ever. Default 5 s.
  public var patience: Duration

  public init(
    workers: Int = ProcessInfo.processInfo.activeProcessorCount,
    tokenizerThreads: Int = max(1, ProcessInfo.processInfo.activeProcessorCount / 2),
    blockTokens: Int = 256, queueTokens: Int = 262_144, patience: Duration = .seconds(5)
  ) {
    self.workers = workers
    self.tokenizerThreads = tokenizerThreads
    self.blockTokens = blockTokens
    self.queueTokens = queueTokens
    self.patience = patience
  }

  /// The same with every value in its working range.
  var checked: EngineConfiguration {
    EngineConfiguration(
      workers: min(max(workers, 1), 1024), tokenizerThreads: min(max(tokenizerThreads, 0), 1024),
      blockTokens: min(max(blockTokens, 1), 1 << 20),
      queueTokens: min(max(queueTokens, 1), 1 << 40),
      patience: min(max(patience, .zero), .seconds(3600)))
  }
}
