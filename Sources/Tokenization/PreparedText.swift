/// One text, ready for the model.
public struct PreparedText: Sendable, Equatable {
  /// `<s>`, the pieces, `</s>`: at most as many as the limit.
  public var ids: [Int32]
  /// UTF-8 byte range of each token in the original text; empty for special tokens and for tokens
  /// of an added prefix. Parallel to `ids`.
  public var ranges: [Range<Int>]
  public var receipt: Receipt

  public init(ids: [Int32], ranges: [Range<Int>], receipt: Receipt) {
    self.ids = ids
    self.ranges = ranges
    self.receipt = receipt
  }
}

/// What happened to one text on its way to the model.
public struct Receipt: Sendable, Equatable {
  /// Tokens before truncation, special tokens and prefix included.
  public var tokens: Int
  /// Tokens the model saw.
  public var tokensUsed: Int
  /// UTF-8 byte range of the original text (without an added prefix) that the model saw: the full
  /// range unless truncated. Both ends lie on character boundaries.
  public var kept: Range<Int>
  /// Whether tokens were cut off.
  public var truncated: Bool
  /// Whether normalisation changed the text (character map or whitespace folding). Changes within
  /// an added prefix do not count.
  public var normalizationChanged: Bool
  /// Tokens before truncation that the vocabulary does not know.
  public var unknownPieces: Int
  /// Prefix in force for this text ("" if none).
  public var prefix: String
  /// The text carried the prefix already, so it was not added again.
  public var prefixAlreadyPresent: Bool

  public init(
    tokens: Int, tokensUsed: Int, kept: Range<Int>, truncated: Bool, normalizationChanged: Bool,
    unknownPieces: Int, prefix: String, prefixAlreadyPresent: Bool
  ) {
    self.tokens = tokens
    self.tokensUsed = tokensUsed
    self.kept = kept
    self.truncated = truncated
    self.normalizationChanged = normalizationChanged
    self.unknownPieces = unknownPieces
    self.prefix = prefix
    self.prefixAlreadyPresent = prefixAlreadyPresent
  }
}
