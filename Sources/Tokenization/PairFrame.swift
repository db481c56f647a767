/// How a tokenizer frames two texts as one input: `<s>` first `</s>`… second `</s>`.
public struct PairFrame: Sendable, Equatable {
  /// End tokens between the two texts, 1 or 2.
  public let separators: Int
  /// Whether tokens from the second text on have the token type 1; all others have 0.
  public let marksSecond: Bool

  init(separators: Int, marksSecond: Bool) {
    self.separators = separators
    self.marksSecond = marksSecond
  }

  /// `<s>` a `</s></s>` b `</s>` of RoBERTa and XLM-R.
  public static let roberta = PairFrame(separators: 2, marksSecond: false)
  /// `[CLS]` a `[SEP]` b `[SEP]` of BERT.
  public static let bert = PairFrame(separators: 1, marksSecond: true)

  /// Special tokens of one pair.
  public var specialTokens: Int { separators + 2 }
}

/// The first text of many pairs, tokenized once.
public struct PairQuery: Sendable, Equatable {
  let pieces: Pieces
  /// UTF-8 bytes of the text.
  let byteCount: Int
}

/// Two texts as one input, ready for the model.
public struct PreparedPair: Sendable, Equatable {
  /// Special tokens included; at most as many as the limit.
  public var ids: [Int32]
  /// Index of the first token with the token type 1; nil where the tokenizer marks none.
  public var secondStart: Int?
  /// UTF-8 byte range of the query that the model saw.
  public var queryKept: Range<Int>
  /// `tokens`, `tokensUsed` and `truncated` speak of the whole pair, everything else of the passage.
  public var receipt: Receipt

  public init(
    ids: [Int32], secondStart: Int?, queryKept: Range<Int>, receipt: Receipt
  ) {
    self.ids = ids
    self.secondStart = secondStart
    self.queryKept = queryKept
    self.receipt = receipt
  }
}
