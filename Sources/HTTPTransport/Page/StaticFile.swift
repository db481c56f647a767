import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore

/// A file as it is served: held in memory, with a tag that changes with its bytes.
struct StaticFile: Sendable {
  let body: ByteBuffer
  let contentType: String
  /// Strong validator (RFC 9110 §8.8.3), quotes included.
  let tag: String

  init(_ bytes: [UInt8], contentType: String) {
    body = ByteBuffer(bytes: bytes)
    self.contentType = contentType
    // FNV-1a (Fowler, Noll, Vo), 64 bits, and the length: a cache's key, no secret.
    let hash = bytes.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    tag = "\"\(String(hash, radix: 16))-\(String(bytes.count, radix: 16))\""
  }

  /// The file, or 304 where the client has it.
  func answer(_ request: Request) -> Response {
    var headers: HTTPFields = [
      .eTag: tag,
      // Kept, but asked for again each time: names carry no version.
      .cacheControl: "no-cache",
      .contentSecurityPolicy: Self.policy,
    ]
    if let known = request.headers[.ifNoneMatch], known == "*" || known.contains(tag) {
      return Response(status: .notModified, headers: headers)
    }
    headers[.contentType] = contentType
    if let name = HTTPField.Name("referrer-policy") { headers[name] = "no-referrer" }
    return Response(status: .ok, headers: headers, body: .init(byteBuffer: body))
  }

  /// Everything from this server and nothing from elsewhere; no script or style written into the page.
  static let policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    + "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

  /// Content types by a name's ending; files of other kinds are not served.
  static let contentTypes = [
    "html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8", "mjs": "text/javascript; charset=utf-8",
    "json": MediaTypes.json, "webmanifest": "application/manifest+json",
    "svg": "image/svg+xml", "png": "image/png", "jpg": "image/jpeg", "webp": "image/webp",
    "ico": "image/x-icon", "woff2": "font/woff2", "txt": "text/plain; charset=utf-8",
    "md": "text/markdown; charset=utf-8",
  ]
}
