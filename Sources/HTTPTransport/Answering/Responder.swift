import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import Service

/// From a request to its answer: checks what concerns every route, finds the handler, gives every refusal
/// one shape.
struct Responder: Sendable {
  let table: RouteTable
  let connections: Connections
  let bodies: BodyBudget
  let maximumBodyBytes: Int
  let hostCheck: HostCheck
  let crossOrigin: CrossOrigin
  let date = DateHeader()
  let logger: Logger

  func respond(
    _ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
  ) async throws {
    // Without it the connection is closed already.
    guard let connection = connections[channel] else { throw ClientLeft() }
    var response: Response
    var isRefused = false
    do {
      response = try await answer(request, connection)
    } catch let error as ClientLeft {
      throw error
    } catch {
      isRefused = true
      response = Response(fault(error, request))
    }
    for field in crossOrigin.fields(for: request.head, isPreflight: request.method == .options) {
      response.headers[field.name] = field.value
    }
    complete(&response.headers)
    if connections.isDraining || request.asksToClose || isRefused && request.mayHaveMuchUnread {
      response.headers[.connection] = "close"
    }
    if request.method == .head { response = response.createHeadResponse() }
    try await writer.write(response: response.head, body: response.body)
  }

  private func answer(_ request: Request, _ connection: Connection) async throws -> Response {
    guard hostCheck.allows(request.head.authority) else { throw HTTPFault.foreignHost }
    let path = request.uri.path
    if request.method == .options {
      let methods = table.methods(path: path)
      guard !methods.isEmpty else { throw HTTPFault.notFound }
      return Response(
        status: .noContent, headers: [.allow: methods.map(\.rawValue).joined(separator: ", ")])
    }
    switch table.match(request.method, path: path) {
    case .nothing: throw HTTPFault.notFound
    case .otherMethods(let methods): throw HTTPFault.methodNotAllowed(methods)
    case .found(let handler, let parameters):
      let call = HTTPCall(
        request: request, parameters: parameters, connection: connection, bodies: bodies,
        maximumBodyBytes: maximumBodyBytes, deadline: try request.deadline())
      return try await connection.whileOpen {
        try await within(call.deadline) { try await handler(call) }
      }
    }
  }

  private func fault(_ error: any Error, _ request: Request) -> HTTPFault {
    let fault = HTTPFault(any: error)
    if fault.status.code == 500 {
      // The kind of an error nobody foresaw may carry a user's text; the route and its type do not.
      logger.error(
        "a request failed",
        metadata: ["method": "\(request.method.rawValue)", "error": "\(type(of: error))"])
    }
    return fault
  }

  /// Adds what every answer carries.
  private func complete(_ headers: inout HTTPFields) {
    headers[.date] = date.value
    headers[.xContentTypeOptions] = "nosniff"
    if headers[.cacheControl] == nil { headers[.cacheControl] = "no-store" }
    if headers[.contentSecurityPolicy] == nil {
      headers[.contentSecurityPolicy] = "default-src 'none'; frame-ancestors 'none'"
    }
  }
}

extension Request {
  /// Bytes of a body that are read to the end although nobody wants them, to keep the connection.
  private static let swallowedBytes = 65_536

  /// Whether closing is cheaper than reading a body that nobody wants.
  fileprivate var mayHaveMuchUnread: Bool {
    if headers[.transferEncoding] != nil { return true }
    guard let length = headers[.contentLength] else { return false }
    return (Int(length) ?? .max) > Self.swallowedBytes
  }

  fileprivate var asksToClose: Bool {
    (headers[.connection] ?? "").lowercased().split(separator: ",").contains {
      $0.drop { $0 == " " }.prefix { $0 != " " } == "close"
    }
  }

  /// The point after which nothing more is computed for this request.
  fileprivate func deadline() throws(ServiceError) -> ContinuousClock.Instant? {
    guard let name = HTTPField.Name("request-timeout-ms"), let text = headers[name] else {
      return nil
    }
    guard let milliseconds = Int64(text), (1...86_400_000).contains(milliseconds) else {
      throw ServiceError(
        .invalidArgument, "request-timeout-ms must be a whole number from 1 to 86400000")
    }
    return .now + .milliseconds(milliseconds)
  }
}
