/// What to do with a text that has more tokens than the limit.
public enum Truncation: String, Sendable, CaseIterable {
  /// Refuse the text with `TokenizationError.Code.tooLong`.
  case error
  /// Cut at the end: the beginning of the text is kept.
  case end
  /// Cut at the start: the prefix and the tail of the text are kept.
  case start
}
