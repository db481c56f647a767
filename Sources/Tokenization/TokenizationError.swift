/// The one error of this module.
///
/// `message` names the file or the number at fault and what to do about it; it never holds the text
/// that was tokenized.
public struct TokenizationError: Error, CustomStringConvertible, Sendable, Equatable {
  public enum Code: Sendable, Equatable {
    /// The tokenizer file is absent, cut short or damaged.
    case unreadableModel
    /// The tokenizer file is well formed but asks for something that cannot be done exactly.
    case unsupportedModel
    /// The text has no pieces of its own: it is empty, or nothing but whitespace.
    case noTokens
    /// The text has more tokens than the limit, and `Truncation.error` forbids cutting it; or the
    /// limit leaves no room for any of the text.
    case tooLong
    /// SentencePiece failed on a valid text.
    case internalFailure
  }

  public let code: Code
  public let message: String

  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
