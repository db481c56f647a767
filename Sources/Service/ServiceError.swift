/// Why an operation, or one item of it, failed. Messages name the value and the remedy, never a user's text.
public struct ServiceError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The closed set of outcomes every transport knows; raw values are gRPC status codes.
  ///
  /// The one table from which gRPC and HTTP codes come.
  public enum Code: UInt8, Sendable, CaseIterable {
    case cancelled = 1
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case resourceExhausted = 8
    case failedPrecondition = 9
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14

    /// The HTTP status with the same meaning.
    public var httpStatus: Int {
      switch self {
      case .cancelled: 499
      case .invalidArgument: 400
      case .deadlineExceeded: 504
      case .notFound: 404
      case .alreadyExists: 409
      case .failedPrecondition: 412
      case .resourceExhausted: 429
      case .unimplemented: 501
      case .internal: 500
      case .unavailable: 503
      }
    }
  }

  public let code: Code
  public let message: String
  /// When trying again makes sense; set when the server is full.
  public let retryAfter: Duration?

  public init(_ code: Code, _ message: String, retryAfter: Duration? = nil) {
    self.code = code
    self.message = message
    self.retryAfter = retryAfter
  }

  public var description: String { message }
}
