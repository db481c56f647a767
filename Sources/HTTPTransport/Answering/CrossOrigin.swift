import HTTPTypes

/// Which pages of other origins may read answers (Fetch Standard, "CORS protocol").
struct CrossOrigin: Sendable {
  private let allowed: Set<String>

  init(_ configuration: HTTPConfiguration) {
    allowed = Set(configuration.allowedOrigins.map { $0.lowercased() })
  }

  /// Header fields for an answer to a request from a page; none where its origin is not allowed.
  func fields(for request: HTTPRequest, isPreflight: Bool) -> HTTPFields {
    guard !allowed.isEmpty else { return [:] }
    var fields: HTTPFields = [.vary: "Origin"]
    guard let origin = request.headerFields[.origin],
      allowed.contains("*") || allowed.contains(origin.lowercased())
    else { return fields }
    fields[.accessControlAllowOrigin] = allowed.contains("*") ? "*" : origin
    fields[.accessControlExposeHeaders] = "retry-after, location"
    if isPreflight {
      fields[.accessControlAllowMethods] = "GET, HEAD, POST, DELETE, OPTIONS"
      fields[.accessControlAllowHeaders] = "content-type, request-timeout-ms"
      fields[.accessControlMaxAge] = "600"
    }
    return fields
  }
}
