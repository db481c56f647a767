import Tokenization

/// A query and the passages to score against it.
public struct RerankInput: Sendable, Equatable {
  public var query: String
  public var passages: [String]
  /// What to do with a pair longer than the model takes.
  public var truncation: Truncation

  public init(query: String, passages: [String], truncation: Truncation = .end) {
    self.query = query
    self.passages = passages
    self.truncation = truncation
  }
}

/// The score of one pair and what happened to its texts on their way.
public struct Scored: Sendable, Equatable {
  /// As the model's head gives it, before any activation; finite.
  public var logit: Float
  /// `tokens`, `tokensUsed` and `truncated` speak of the pair, everything else of the passage.
  public var receipt: Receipt
  /// UTF-8 byte range of the query that the model saw beside this passage.
  public var queryKept: Range<Int>

  public init(logit: Float, receipt: Receipt, queryKept: Range<Int>) {
    self.logit = logit
    self.receipt = receipt
    self.queryKept = queryKept
  }
}

/// Pairs to scores: the whole face of an engine whose model is a reranker.
public protocol Reranker: ServedModel {
  /// Scores every passage against the query and returns when all have been delivered.
  ///
  /// As ``Embedder/embed(_:deadline:admission:deliver:)``, a passage standing for a text. A query
  /// that cannot be tokenized fails every passage with `.invalidQuery`.
  ///
  /// - Returns: the call's timings.
  /// - Throws: if the call as a whole was not admitted; then nothing is delivered. `.overloaded`,
  ///   `.shuttingDown`, `.wrongModel` if the model is an embedder, and, while waiting for admission,
  ///   `.cancelled` and `.deadlineExceeded`.
  func rerank(
    _ input: RerankInput, deadline: ContinuousClock.Instant?, admission: Admission,
    deliver: @escaping @Sendable (Int, Result<Scored, EngineError>) -> Void
  ) async throws(EngineError) -> StageTimings
}
