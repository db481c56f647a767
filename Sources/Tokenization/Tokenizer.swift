/// Ids of the tokens that frame a text. Text of users never turns into any of them but `unknown`.
public struct SpecialTokens: Sendable, Equatable {
  /// `<s>`, before every text.
  public let begin: Int32
  /// `<pad>`.
  public let pad: Int32
  /// `</s>`, after every text.
  public let end: Int32
  /// `<unk>`: characters that the vocabulary does not hold.
  public let unknown: Int32
  /// `<mask>`, if the model has one.
  public let mask: Int32?

  public init(begin: Int32, pad: Int32, end: Int32, unknown: Int32, mask: Int32?) {
    self.begin = begin
    self.pad = pad
    self.end = end
    self.unknown = unknown
    self.mask = mask
  }
}

/// Text to ids. One value is shared by all threads.
public protocol Tokenizer: Sendable {
  var specialTokens: SpecialTokens { get }
  /// Highest id + 1.
  var vocabularySize: Int { get }
  /// How two texts become one input; nil, the default, if this tokenizer cannot frame pairs.
  var pairFrame: PairFrame? { get }
  /// The pieces of `text`, without special tokens; none at all for a text of whitespace.
  func pieces(of text: String) throws(TokenizationError) -> Pieces
  /// As `pieces(of:)`, but `normalizationChanged` speaks only of the text from byte `offset` on:
  /// what normalisation does to a prefix is no news to its owner. The default ignores `offset`.
  func pieces(of text: String, reportingChangesFrom offset: Int) throws(TokenizationError) -> Pieces
  /// The text of a piece as the vocabulary has it ("▁" for a space), or nil if no token has this
  /// id.
  func pieceText(_ id: Int32) -> String?
}

extension Tokenizer {
  public var pairFrame: PairFrame? { nil }

  public func pieces(
    of text: String, reportingChangesFrom offset: Int
  ) throws(TokenizationError) -> Pieces {
    try pieces(of: text)
  }
}
