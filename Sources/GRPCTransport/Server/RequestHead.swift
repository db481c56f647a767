import HTTP2

/// What the header block of a call says, checked.
struct RequestHead: Equatable {
  /// `/package.Service/Method`
  var path: String
  /// Time the client gives the call; nil means any.
  var timeout: Duration?
  var encoding: MessageEncoding
  var metadata: Metadata

  /// Why a request is not answered as a gRPC call.
  enum Rejection: Error, Equatable {
    /// Not gRPC at all: answered with this HTTP status and no gRPC status.
    case http(status: Int, message: String)
    case grpc(GRPCError)
  }

  init(_ headers: Metadata) throws(Rejection) {
    guard headers.first(":method") == "POST" else {
      throw .http(status: 405, message: "this port speaks gRPC: HTTP/2 POST only\n")
    }
    let contentType = headers.first("content-type") ?? ""
    guard Self.isGRPC(contentType) else {
      throw .http(
        status: 415, message: "this port speaks gRPC: content-type application/grpc expected\n")
    }
    path = headers.first(":path") ?? ""
    if let value = headers.first("grpc-timeout") {
      guard let parsed = parseTimeout(value) else {
        throw .grpc(
          GRPCError(.invalidArgument, "grpc-timeout is malformed: 1 to 8 digits and H, M, S, m, u or n"))
      }
      timeout = parsed
    }
    let name = headers.first("grpc-encoding") ?? MessageEncoding.identity.rawValue
    guard let encoding = MessageEncoding(rawValue: name) else {
      throw .grpc(
        GRPCError(
          .unimplemented, "grpc-encoding is not supported; use one of \(MessageEncoding.accepted)",
          metadata: [Session.Header(name: "grpc-accept-encoding", value: MessageEncoding.accepted)]))
    }
    self.encoding = encoding
    metadata = headers
  }

  /// `application/grpc`, alone or with a `+proto` suffix or parameters. Other suffixes are other formats.
  private static func isGRPC(_ contentType: String) -> Bool {
    if contentType == "application/grpc" { return true }
    let base = contentType.lowercased().prefix { $0 != ";" && $0 != " " }
    return base == "application/grpc" || base == "application/grpc+proto"
  }
}
