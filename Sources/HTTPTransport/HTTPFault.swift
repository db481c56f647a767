import HTTPTypes
import NIOCore
import NIOHTTP1
import Service
import WireFormats

/// A refusal that HTTP itself has a status for; everything else is a ``ServiceError``.
struct HTTPFault: Error {
  let status: HTTPResponse.Status
  /// A gRPC status' name: the one set of codes that both transports speak.
  let code: String
  let message: String
  var headers: HTTPFields = [:]
  var retryAfterMilliseconds: Int64?
}

extension HTTPFault {
  static let notFound = HTTPFault(
    status: .notFound, code: "NOT_FOUND",
    message: "nothing is served at this path; GET /openapi.json lists what is")

  static func methodNotAllowed(_ allowed: [HTTPRequest.Method]) -> HTTPFault {
    let list = allowed.map(\.rawValue).joined(separator: ", ")
    return HTTPFault(
      status: .methodNotAllowed, code: "UNIMPLEMENTED",
      message: "this path does not take that method; it takes \(list)", headers: [.allow: list])
  }

  static func mediaType(expected: String) -> HTTPFault {
    HTTPFault(
      status: .unsupportedMediaType, code: "INVALID_ARGUMENT",
      message: "the body's content-type must be \(expected)")
  }

  static func tooLarge(limit: Int) -> HTTPFault {
    HTTPFault(
      status: .contentTooLarge, code: "RESOURCE_EXHAUSTED",
      message: "the body is over the limit of \(limit) bytes; send several requests")
  }

  static let serverIsFull = HTTPFault(
    status: .serviceUnavailable, code: "RESOURCE_EXHAUSTED",
    message: "the server holds as many request bytes as it may; try again",
    retryAfterMilliseconds: 1_000)

  static let bodyTooSlow = HTTPFault(
    status: .requestTimeout, code: "DEADLINE_EXCEEDED",
    message: "the request did not arrive in time; send it again, faster",
    headers: [.connection: "close"])

  static let foreignHost = HTTPFault(
    status: .misdirectedRequest, code: "PERMISSION_DENIED",
    message: "this server does not answer under the name in the Host header; allow it in the configuration")

  static let malformed = HTTPFault(
    status: .badRequest, code: "INVALID_ARGUMENT", message: "the request is not valid HTTP/1.1",
    headers: [.connection: "close"])

  static let headersTooLarge = HTTPFault(
    status: .requestHeaderFieldsTooLarge, code: "RESOURCE_EXHAUSTED",
    message: "the request's header fields are over the limit; send fewer or shorter ones",
    headers: [.connection: "close"])

  init(_ error: ServiceError) {
    self.init(
      status: HTTPResponse.Status(code: error.code.httpStatus, reasonPhrase: error.code.reason),
      code: error.code.name, message: error.message,
      retryAfterMilliseconds: error.retryAfterMilliseconds)
  }

  /// Whatever was thrown, as a refusal; a fault nobody foresaw tells nothing of itself.
  init(any error: any Error) {
    switch error {
    case let fault as HTTPFault: self = fault
    case let error as ServiceError: self.init(error)
    case is HTTPParserError: self = .malformed
    case is CancellationError: self.init(ServiceError(.cancelled, "the request was cancelled"))
    default: self.init(ServiceError(.internal, "the server failed; its log says more"))
    }
  }
}

extension HTTPFault {
  /// The body: `{"error": {…}}`.
  var body: ByteBuffer {
    var json = JSONWriter()
    json.failure(code: code, message: message, retryAfterMilliseconds: retryAfterMilliseconds)
    return ByteBuffer(bytes: json.bytes)
  }

  /// Header fields of the answer, without those every answer has.
  var fields: HTTPFields {
    var fields = headers
    fields[.contentType] = MediaTypes.json
    if let retryAfterMilliseconds {
      // Whole seconds, rounded up: the header knows no others.
      fields[.retryAfter] = String(
        retryAfterMilliseconds / 1_000 + (retryAfterMilliseconds % 1_000 == 0 ? 0 : 1))
    }
    return fields
  }
}

/// Content types as the listener writes them.
enum MediaTypes {
  static let json = "application/json"
  static let lines = "application/x-ndjson"
}

extension ServiceError.Code {
  /// What stands behind the number on the status line; 499 has no name of its own.
  fileprivate var reason: String {
    HTTPResponse.Status(code: httpStatus).reasonPhrase.isEmpty
      ? "Client Closed Request" : HTTPResponse.Status(code: httpStatus).reasonPhrase
  }
}
