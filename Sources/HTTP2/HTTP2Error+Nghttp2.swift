import CNghttp2

extension HTTP2Error {
  static let outOfMemory = HTTP2Error(
    code: .outOfMemory, message: "nghttp2 could not get memory; close the connection")

  /// Throws what a result code of nghttp2 means, if it is an error.
  static func check(_ result: Int32, _ action: String) throws(HTTP2Error) {
    guard result < 0 else { return }
    throw HTTP2Error(result: result, action: action)
  }

  /// nghttp2's own words for a code are fixed texts; they carry nothing the peer sent.
  init(result: Int32, action: String) {
    let reason = nghttp2_strerror(result).map { String(cString: $0) } ?? "error \(result)"
    let code: Code =
      switch result {
      case NGHTTP2_ERR_NOMEM.rawValue: .outOfMemory
      case NGHTTP2_ERR_FLOODED.rawValue: .flooded
      case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue: .badPreface
      case NGHTTP2_ERR_STREAM_CLOSED.rawValue, NGHTTP2_ERR_STREAM_CLOSING.rawValue:
        .unknownStream
      default: .badCommand
      }
    self.init(code: code, message: "cannot \(action): \(reason) (nghttp2 error \(result))")
  }
}
