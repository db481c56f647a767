import EmbeddingEngine
import Tokenization

/// What a caller may choose about scoring passages against a query.
public struct RerankSettings: Sendable, Equatable {
  /// Name of the served model; nil or empty means whichever is served.
  public var model: String?
  /// The model's raw logits instead of what its contract makes of them (for most models the sigmoid).
  public var rawScores: Bool
  /// What happens to a pair over the model's limit; default: the longer text's end is cut first.
  public var truncation: Truncation
  /// Return only the best so many; nil means all.
  public var top: Int?

  public init(
    model: String? = nil, rawScores: Bool = false, truncation: Truncation = .end, top: Int? = nil
  ) {
    self.model = model
    self.rawScores = rawScores
    self.truncation = truncation
    self.top = top
  }
}

/// A passage's score and what happened to its text.
public struct RankedPassage: Sendable, Equatable {
  /// Higher is better; comparable among passages of one query.
  public var score: Float
  /// `tokens`, `tokensUsed` and `truncated` speak of query and passage together, everything else of the
  /// passage.
  public var receipt: Receipt
  /// UTF-8 byte range of the query that the model saw beside this passage.
  public var queryKept: Range<Int>

  public init(score: Float, receipt: Receipt, queryKept: Range<Int>) {
    self.score = score
    self.receipt = receipt
    self.queryKept = queryKept
  }
}

/// One passage of a call.
public struct RerankItem: Sendable, Equatable {
  /// Position in the call, from 0.
  public var index: Int
  public var outcome: Result<RankedPassage, ServiceError>

  public init(index: Int, outcome: Result<RankedPassage, ServiceError>) {
    self.index = index
    self.outcome = outcome
  }
}

/// Passages in the order of their scores.
public struct RerankReply: Sendable {
  /// Best first, equal scores in the order of the call; then the passages that failed, in that order.
  public var items: [RerankItem]
  public var stages: StageTimings
  /// From the request's arrival at the service to the last outcome.
  public var total: Duration
}
