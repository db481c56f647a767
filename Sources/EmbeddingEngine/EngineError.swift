/// Why a call was refused or a text has no vector. Never contains the text.
public struct EngineError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: Sendable, Equatable, CaseIterable {
    /// The queue is full; ``EngineError/retryAfter`` says when to come back.
    case overloaded
    case deadlineExceeded
    case cancelled
    /// The text has no tokens of its own.
    case invalidText
    /// The query that passages are to be scored against has no tokens, or is too long to tokenize.
    case invalidQuery
    /// Longer than the model takes, and truncation is `.error`.
    case textTooLong
    /// The model produced NaN or infinity for this text.
    case nonFinite
    /// Vectors were asked of a reranker, or scores of an embedder.
    case wrongModel
    case shuttingDown
    case internalFailure
  }

  public let code: Code
  public let message: String
  /// For ``Code/overloaded``: about how long the queue needs to empty.
  public let retryAfter: Duration?

  public init(code: Code, message: String, retryAfter: Duration? = nil) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
  }

  public var description: String { "\(code): \(message)" }
}
