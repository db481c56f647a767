import ModelFiles
import Tokenization

/// How vectors leave the server.
public enum VectorEncoding: String, Sendable, CaseIterable {
  case float32
  /// IEEE 754 half precision.
  case float16
  /// Signed bytes and one scale: component ≈ byte × scale.
  case int8
  /// One bit a component: 1 where it is > 0.
  case binary
}

/// What a caller may choose about a call; the defaults are the server's.
public struct EmbedOptions: Sendable, Equatable {
  /// Scale vectors to length 1; nil means what the contract says.
  public var normalize: Bool?
  /// What happens to a text over the model's limit; default: its end is cut.
  public var truncation: Truncation
  /// Keep the first n components, then normalise; nil means all.
  public var dimensions: Int?
  public var encoding: VectorEncoding

  public init(
    normalize: Bool? = nil, truncation: Truncation = .end, dimensions: Int? = nil,
    encoding: VectorEncoding = .float32
  ) {
    self.normalize = normalize
    self.truncation = truncation
    self.dimensions = dimensions
    self.encoding = encoding
  }
}

/// Everything about a call but its texts: the part a stream states once.
public struct EmbedSettings: Sendable, Equatable {
  /// Name of the served model; nil or empty means whichever is served.
  public var model: String?
  /// Default: symmetric, so that a model that wants a prefix never goes without one silently.
  public var role: Role
  /// Task description, for instruct models only.
  public var instruction: String?
  public var options: EmbedOptions

  public init(
    model: String? = nil, role: Role = .symmetric, instruction: String? = nil,
    options: EmbedOptions = EmbedOptions()
  ) {
    self.model = model
    self.role = role
    self.instruction = instruction
    self.options = options
  }
}
