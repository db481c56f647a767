/// Why an operation on collections failed. Messages name the value and the remedy, never a document's text.
public struct RetrievalError: Error, Sendable, Equatable, CustomStringConvertible {
  public enum Code: Sendable, Equatable {
    /// A name, size, filter or option that cannot be served.
    case invalidArgument
    /// No such collection.
    case notFound
    /// A collection of that name exists.
    case alreadyExists
    /// A vector of another model, prompt or size.
    case contractMismatch
    /// The store cannot be read or written: disk full, file damaged, server unreachable.
    case storage
    /// This store has no such operation.
    case unsupported
    case cancelled
  }

  public let code: Code
  public let message: String

  public init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { message }
}
