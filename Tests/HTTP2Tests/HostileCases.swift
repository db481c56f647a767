import Testing

/// What a client must not send, and the error code it earns.
struct HostileCase: CustomTestStringConvertible {
  var testDescription: String
  /// Follows the opening (preface and SETTINGS).
  var bytes: [UInt8]
  /// Of the GOAWAY or RST_STREAM.
  var errorCode: UInt32

  init(_ description: String, _ bytes: [UInt8], _ errorCode: UInt32) {
    testDescription = description
    self.bytes = bytes
    self.errorCode = errorCode
  }

  /// These end the connection.
  static let connection: [HostileCase] = [
    .init("DATA on an idle stream", Wire.data(stream: 5, [1]), 1),
    .init("DATA on stream 0", Wire.data(stream: 0, [1]), 1),
    .init("oversize frame", Wire.frame(type: 0, stream: 1, [1], length: 16_385), 6),
    .init("even stream", Wire.headers(stream: 2, Wire.requestBlock), 1),
    .init("HEADERS on stream 0", Wire.headers(stream: 0, Wire.requestBlock), 1),
    .init("CONTINUATION alone", Wire.frame(type: 9, flags: 4, stream: 1, Wire.requestBlock), 1),
    .init(
      "frame inside a header block",
      Wire.headers(stream: 1, Wire.requestBlock, endHeaders: false)
        + Wire.frame(type: 6, [UInt8](repeating: 0, count: 8)), 1
    ),
    .init("HPACK index 0", Wire.headers(stream: 1, [0x80]), 9),
    .init("HPACK index out of range", Wire.headers(stream: 1, [0xFF, 0xFF, 0xFF, 0xFF, 0x0F]), 9),
    .init("HPACK cut short", Wire.headers(stream: 1, [0x40, 0x05, 0x61]), 9),
    .init("connection window overflow", Wire.windowUpdate(stream: 0, 0x7FFF_FFFF), 3),
    .init("connection window update of 0", Wire.windowUpdate(stream: 0, 0), 1),
    .init("WINDOW_UPDATE on an idle stream", Wire.windowUpdate(stream: 9, 5), 1),
    .init("RST_STREAM on an idle stream", Wire.reset(stream: 9), 1),
    .init("PING of 7 bytes", Wire.frame(type: 6, [UInt8](repeating: 0, count: 7)), 6),
    .init("SETTINGS of 5 bytes", Wire.frame(type: 4, [0, 0, 0, 0, 0]), 6),
    .init(
      "SETTINGS acknowledged twice", Wire.frame(type: 4, flags: 1) + Wire.frame(type: 4, flags: 1),
      1),
    .init("initial window too large", Wire.frame(type: 4, [0, 4, 0x80, 0, 0, 0]), 3),
    .init("maximum frame size too small", Wire.frame(type: 4, [0, 5, 0, 0, 0, 1]), 1),
    .init("PUSH_PROMISE from a client", Wire.frame(type: 5, flags: 4, stream: 1, [0, 0, 0, 2]), 1),
    .init(
      "padding longer than the frame",
      Wire.headers(stream: 1, Wire.requestBlock)
        + Wire.frame(type: 0, flags: 8, stream: 1, [200, 1, 2]), 1
    ),
    .init(
      "more data than the window",
      Wire.headers(stream: 1, Wire.requestBlock)
        + (0..<5).flatMap { _ in Wire.data(stream: 1, [UInt8](repeating: 0, count: 16_384)) }, 3
    ),
  ]

  /// These end stream 1 and nothing else.
  static let stream: [HostileCase] = [
    .init("upper-case name", Wire.headers(stream: 1, Wire.requestBlock + Wire.field("Te", "x")), 1),
    .init("empty name", Wire.headers(stream: 1, Wire.requestBlock + Wire.field("", "")), 1),
    .init(
      "line break in a value", Wire.headers(stream: 1, Wire.requestBlock + Wire.field("a", "\n")), 1
    ),
    .init("no :method", Wire.headers(stream: 1, [0x86, 0x84] + Wire.field(":authority", "a")), 1),
    .init("no pseudo-headers", Wire.headers(stream: 1, Wire.field("a", "b")), 1),
    .init("pseudo-header twice", Wire.headers(stream: 1, Wire.requestBlock + [0x83]), 1),
    .init(
      "pseudo-header after a field",
      Wire.headers(stream: 1, [0x83, 0x86] + Wire.field("a", "b") + [0x84]), 1
    ),
    .init(
      "connection field",
      Wire.headers(stream: 1, Wire.requestBlock + Wire.field("connection", "x")), 1),
    .init("empty block", Wire.headers(stream: 1, []), 1),
    .init(
      "more data than content-length",
      Wire.headers(stream: 1, Wire.requestBlock + Wire.field("content-length", "2"))
        + Wire.data(stream: 1, [1, 2, 3]), 1
    ),
    .init(
      "less data than content-length",
      Wire.headers(stream: 1, Wire.requestBlock + Wire.field("content-length", "2"))
        + Wire.data(stream: 1, [1], endStream: true), 1
    ),
    .init(
      "stream window overflow",
      Wire.headers(stream: 1, Wire.requestBlock) + Wire.windowUpdate(stream: 1, 0x7FFF_FFFF), 3
    ),
    .init(
      "trailers that do not end the stream",
      Wire.headers(stream: 1, Wire.requestBlock) + Wire.headers(stream: 1, Wire.field("a", "b")), 1
    ),
    .init(
      "200 tiny fields",
      Wire.headers(stream: 1, Wire.requestBlock + (0..<200).flatMap { _ in Wire.field("a", "") }),
      11
    ),
    .init(
      "4000-byte field named 4000 times by one byte each",
      Wire.headers(
        stream: 1,
        Wire.requestBlock + Wire.indexedField("a", String(repeating: "b", count: 4000))
          + [UInt8](repeating: 0xBE, count: 4000)), 11
    ),
  ]
}
