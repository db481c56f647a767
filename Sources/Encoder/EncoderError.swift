/// One error for the whole module. The message names the value and the remedy, never a text's content.
public struct EncoderError: Error, CustomStringConvertible, Sendable {
  public enum Code: Sendable, Equatable {
    /// An id outside the vocabulary, an empty or too long text, or buffers too small for the block.
    case invalidBlock
    /// A text's vector holds a NaN or an infinity.
    case nonFinite
    /// The model needs something this encoder does not do.
    case unsupported
  }

  public let code: Code
  public let message: String

  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
