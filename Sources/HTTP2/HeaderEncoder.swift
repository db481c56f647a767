import CNghttp2

/// Lays out header fields as nghttp2 takes them, reusing its memory from block to block.
final class HeaderEncoder {
  /// nghttp2 sends at most 64 KiB per block (counted with its own overhead per field).
  private static let maximumSize = 64 << 10
  private static let fieldOverhead = 32

  private var bytes: [UInt8] = []
  private var lengths: [(name: Int, value: Int)] = []
  private var fields: [nghttp2_nv] = []

  /// Throws `badCommand` unless HTTP/2 can carry the block: at least one field, at most 64 KiB,
  /// names of lower-case token characters, values without control characters and outer white
  /// space.
  func check(_ headers: [Session.Header]) throws(HTTP2Error) {
    var size = 0
    for (index, header) in headers.enumerated() {
      size += header.name.utf8.count + header.value.utf8.count + Self.fieldOverhead
      var name = header.name
      var value = header.value
      let isValid =
        name.withUTF8 { nghttp2_check_header_name($0.baseAddress, $0.count) } != 0
        && value.withUTF8 { nghttp2_check_header_value_rfc9113($0.baseAddress, $0.count) } != 0
      guard isValid else {
        throw HTTP2Error(
          code: .badCommand,
          message: "header field \(index + 1) of \(headers.count) cannot be sent: names are "
            + "lower-case tokens, values have no control characters and no outer white space")
      }
    }
    guard !headers.isEmpty, size <= Self.maximumSize else {
      throw HTTP2Error(
        code: .badCommand,
        message: "a header block of \(headers.count) fields and \(size) bytes cannot be sent: it "
          + "needs a field and holds at most \(Self.maximumSize) bytes, 32 per field included")
    }
  }

  /// Calls `submit` with fields that passed `check`. nghttp2 copies them, so the pointers are good
  /// only during the call.
  func encode(
    _ headers: [Session.Header], _ submit: (UnsafePointer<nghttp2_nv>?, Int) -> Int32
  ) -> Int32 {
    layOut(headers)
    return bytes.withUnsafeMutableBufferPointer { bytes in
      guard var next = bytes.baseAddress else { return NGHTTP2_ERR_INVALID_ARGUMENT.rawValue }
      fields.removeAll(keepingCapacity: true)
      for (name, value) in lengths {
        fields.append(
          nghttp2_nv(
            name: next, value: next + name, namelen: name, valuelen: value,
            flags: UInt8(NGHTTP2_NV_FLAG_NONE.rawValue)))
        next += name + value
      }
      return fields.withUnsafeBufferPointer { submit($0.baseAddress, $0.count) }
    }
  }

  private func layOut(_ headers: [Session.Header]) {
    bytes.removeAll(keepingCapacity: true)
    lengths.removeAll(keepingCapacity: true)
    for header in headers {
      let start = bytes.count
      bytes.append(contentsOf: header.name.utf8)
      let middle = bytes.count
      bytes.append(contentsOf: header.value.utf8)
      lengths.append((middle - start, bytes.count - middle))
    }
  }
}
