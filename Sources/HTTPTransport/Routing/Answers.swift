import HTTPTypes
import HummingbirdCore
import NIOCore
import WireFormats

extension Response {
  /// An answer in JSON.
  ///
  /// - Parameter capacity: bytes the body will have, roughly.
  static func json(
    _ status: HTTPResponse.Status = .ok, capacity: Int = 1_024, headers: HTTPFields = [:],
    _ write: (inout JSONWriter) -> Void
  ) -> Response {
    var json = JSONWriter(capacity: capacity)
    write(&json)
    var headers = headers
    headers[.contentType] = MediaTypes.json
    return Response(
      status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: json.bytes)))
  }

  /// An answer whose lines are written as they become ready.
  ///
  /// - Parameter write: an error it throws becomes the last line: the status line has long been sent.
  static func lines(
    _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
  ) -> Response {
    Response(
      status: .ok, headers: [.contentType: MediaTypes.lines],
      body: .init { writer in
        do {
          try await write(&writer)
        } catch let error where !(error is ClientLeft || error is ChannelError) {
          var json = JSONWriter()
          let fault = HTTPFault(any: error)
          json.failure(
            code: fault.code, message: fault.message,
            retryAfterMilliseconds: fault.retryAfterMilliseconds)
          json.endLine()
          try await writer.write(ByteBuffer(bytes: json.bytes))
        }
        try await writer.finish(nil)
      })
  }

  init(_ fault: HTTPFault) {
    self.init(status: fault.status, headers: fault.fields, body: .init(byteBuffer: fault.body))
  }
}
