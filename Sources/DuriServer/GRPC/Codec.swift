import GRPCTransport
import Service
import SwiftProtobuf

/// Reads a request body.
///
/// - Throws: `invalidArgument` if it is not a message of that type.
func decode<M: Message>(_ type: M.Type, _ bytes: [UInt8]) throws(GRPCError) -> M {
  do {
    return try M(serializedBytes: bytes)
  } catch {
    throw GRPCError(
      .invalidArgument, "the request body is not a valid \(M.protoMessageName) protobuf message")
  }
}

/// Writes a response body.
func encode(_ message: some Message) throws(GRPCError) -> [UInt8] {
  do {
    return try message.serializedBytes()
  } catch {
    throw GRPCError(.internal, "the response could not be encoded; ask for fewer texts at a time")
  }
}

extension GRPCError {
  /// The service's error as a gRPC status; a retry hint travels as `grpc-retry-pushback-ms`.
  init(_ error: ServiceError) {
    let milliseconds = error.retryAfter.map { duration -> Int64 in
      let (seconds, attoseconds) = duration.components
      return max(1, seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
    }
    self.init(
      Code(rawValue: Int(error.code.rawValue)) ?? .unknown, error.message,
      metadata: milliseconds.map { [.init(name: "grpc-retry-pushback-ms", value: "\($0)")] } ?? [])
  }
}

/// Runs a service operation, turning its error into a status.
@discardableResult
func asStatus<R>(_ operation: () async throws(ServiceError) -> R) async throws(GRPCError) -> R {
  do {
    return try await operation()
  } catch {
    throw GRPCError(error)
  }
}
