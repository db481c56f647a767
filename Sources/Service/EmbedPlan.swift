import EmbeddingEngine
import Tokenization

/// Settings that were checked against the contract and resolved into what the engine needs.
public struct EmbedPlan: Sendable, Equatable {
  /// The role's prefix, "" if none.
  public let prefix: String
  public let truncation: Truncation
  public let normalize: Bool
  public let dimensions: Int?
  public let encoding: VectorEncoding

  func input(for text: String) -> EmbedInput {
    EmbedInput(
      text: text, prefix: prefix, truncation: truncation, normalize: normalize,
      dimensions: dimensions)
  }

  func encode(_ embedded: Embedded) -> EmbeddedText {
    EmbeddedText(
      vector: EncodedVector(embedded.vector, as: encoding), receipt: embedded.receipt)
  }
}

/// A vector and what happened to its text.
public struct EmbeddedText: Sendable, Equatable {
  public var vector: EncodedVector
  public var receipt: Receipt

  public init(vector: EncodedVector, receipt: Receipt) {
    self.vector = vector
    self.receipt = receipt
  }
}

/// Outcomes of a call, in the order of its texts.
public struct EmbedReply: Sendable {
  public var outcomes: [EmbeddingService.Outcome]
  public var stages: StageTimings
  /// From the request's arrival at the service to the last outcome.
  public var total: Duration
}
