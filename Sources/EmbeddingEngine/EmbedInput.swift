import Tokenization

/// One text to embed.
public struct EmbedInput: Sendable, Equatable {
  public var text: String
  /// Put before the text unless the text carries it already; resolved from the role by the caller.
  public var prefix: String
  /// What to do with a text longer than the model takes.
  public var truncation: Truncation
  /// Whether the vector is scaled to length 1 (L2).
  public var normalize: Bool
  /// Keep the first n components, then normalise; nil keeps all.
  public var dimensions: Int?

  public init(
    text: String, prefix: String = "", truncation: Truncation = .end, normalize: Bool = true,
    dimensions: Int? = nil
  ) {
    self.text = text
    self.prefix = prefix
    self.truncation = truncation
    self.normalize = normalize
    self.dimensions = dimensions
  }
}

/// The vector of one text and what happened to the text on its way.
public struct Embedded: Sendable, Equatable {
  /// (`dimensions` of the input, or the model's dimension); every component is finite.
  public var vector: [Float]
  public var receipt: Receipt

  public init(vector: [Float], receipt: Receipt) {
    self.vector = vector
    self.receipt = receipt
  }
}
