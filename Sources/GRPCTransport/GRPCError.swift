/// A call that did not end with status OK, on either side of the wire.
public struct GRPCError: Error, Sendable, Equatable, CustomStringConvertible {
  /// gRPC status codes, with the numbers the protocol gives them.
  public enum Code: Int, Sendable, CaseIterable {
    case cancelled = 1
    case unknown = 2
    case invalidArgument = 3
    case deadlineExceeded = 4
    case notFound = 5
    case alreadyExists = 6
    case permissionDenied = 7
    case resourceExhausted = 8
    case failedPrecondition = 9
    case aborted = 10
    case outOfRange = 11
    case unimplemented = 12
    case `internal` = 13
    case unavailable = 14
    case dataLoss = 15
    case unauthenticated = 16
  }

  public var code: Code
  public var message: String
  /// Extra trailing metadata, such as `grpc-retry-pushback-ms`.
  public var metadata: Metadata

  public init(_ code: Code, _ message: String, metadata: Metadata = []) {
    self.code = code
    self.message = message
    self.metadata = metadata
  }

  public var description: String { "\(code): \(message)" }

  static let cancelledByPeer = GRPCError(.cancelled, "the call was cancelled by the other side")
  static let connectionLost = GRPCError(.unavailable, "the connection was closed")
  static let taskCancelled = GRPCError(.cancelled, "the task waiting for this call was cancelled")
  static let deadlineExpired = GRPCError(.deadlineExceeded, "the call's deadline has passed")
}
