import Foundation
import HTTPTypes
import HummingbirdCore
import Service
import WireFormats

/// One request on its way to a route's handler.
struct HTTPCall: Sendable {
  let request: Request
  /// Values of the path's parts in braces.
  let parameters: [String: String]
  let connection: Connection
  let bodies: BodyBudget
  /// Bytes a body may have that is not streamed.
  let maximumBodyBytes: Int
  /// From `Request-Timeout-Ms`.
  let deadline: ContinuousClock.Instant?

  /// The value of a part in braces.
  func parameter(_ name: String) throws -> String {
    guard let value = parameters[name] else {
      throw ServiceError(.internal, "the route has no part '\(name)'")
    }
    return value
  }

  /// Reads the body as JSON.
  func json<Body: Decodable>(_ type: Body.Type) async throws -> Body {
    guard request.mediaType == MediaTypes.json else {
      throw HTTPFault.mediaType(expected: MediaTypes.json)
    }
    return try await withBody { try decodeJSON(type, from: $0) }
  }

  /// Reads a body of bounded size, counted against what the server may hold while it is used.
  private func withBody<R>(_ use: (Data) throws -> R) async throws -> R {
    let limit = maximumBodyBytes
    if let declared = request.headers[.contentLength].flatMap({ Int($0) }), declared > limit {
      throw HTTPFault.tooLarge(limit: limit)
    }
    var held = 0
    defer { bodies.release(held) }
    var body = Data()
    for try await part in request.body {
      let size = part.readableBytes
      guard body.count + size <= limit else { throw HTTPFault.tooLarge(limit: limit) }
      guard bodies.take(size) else { throw HTTPFault.serverIsFull }
      held += size
      body.append(contentsOf: part.readableBytesView)
    }
    return try use(body)
  }

  /// Fields behind the path's question mark.
  func query(_ known: String...) throws -> QueryFields {
    try QueryFields(request.uri.query ?? "", known: known)
  }
}

extension Request {
  /// The content type without its parameters, lowercased; empty if there is none.
  var mediaType: String {
    let value = headers[.contentType] ?? ""
    return value.prefix { $0 != ";" }.trimmingCharacters(in: .whitespaces).lowercased()
  }
}
