/// The pieces of one text, without special tokens. `ids` and `ranges` are parallel.
public struct Pieces: Sendable, Equatable {
  /// Token ids of the model, `count` of them.
  public var ids: [Int32]
  /// UTF-8 byte range of each piece in the text as given (before normalisation).
  ///
  /// Ranges lie on character boundaries and never step back. When normalisation turns one character
  /// into several pieces, the last of them holds the character and the others are empty.
  public var ranges: [Range<Int>]
  /// How many of `ids` are the unknown token.
  public var unknownCount: Int
  /// Whether normalisation changed the text (character map or whitespace folding).
  public var normalizationChanged: Bool

  public init(
    ids: [Int32], ranges: [Range<Int>], unknownCount: Int, normalizationChanged: Bool
  ) {
    self.ids = ids
    self.ranges = ranges
    self.unknownCount = unknownCount
    self.normalizationChanged = normalizationChanged
  }
}
