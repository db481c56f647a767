/// Frames written by hand, for what no proper client sends.
enum Wire {
  static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
  static let emptySettings = frame(type: 4)
  /// Preface and SETTINGS: what every client begins with.
  static let opening = preface + emptySettings

  static let endStream: UInt8 = 0x1
  static let acknowledge: UInt8 = 0x1
  static let endHeaders: UInt8 = 0x4

  static func frame(
    type: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8] = [], length: Int? = nil
  ) -> [UInt8] {
    let length = length ?? payload.count
    return [UInt8(length >> 16 & 0xFF), UInt8(length >> 8 & 0xFF), UInt8(length & 0xFF)]
      + [type, flags] + bigEndian(stream) + payload
  }

  static func data(stream: UInt32, _ payload: [UInt8], endStream: Bool = false) -> [UInt8] {
    frame(type: 0, flags: endStream ? Self.endStream : 0, stream: stream, payload)
  }

  static func headers(
    stream: UInt32, _ block: [UInt8], endStream: Bool = false, endHeaders: Bool = true
  ) -> [UInt8] {
    frame(
      type: 1, flags: (endStream ? Self.endStream : 0) | (endHeaders ? Self.endHeaders : 0),
      stream: stream, block)
  }

  static func reset(stream: UInt32, code: UInt32 = 8) -> [UInt8] {
    frame(type: 3, stream: stream, bigEndian(code))
  }

  static func windowUpdate(stream: UInt32, _ increment: UInt32) -> [UInt8] {
    frame(type: 8, stream: stream, bigEndian(increment))
  }

  static func bigEndian(_ value: UInt32) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(value >> $0 & 0xFF) }
  }

  /// HPACK: a field without indexing and without Huffman coding. Lengths below 127.
  static func field(_ name: String, _ value: String) -> [UInt8] {
    [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
  }

  /// HPACK: a field that enters the dynamic table; later it is index 62 (one byte, 0xBE).
  static func indexedField(_ name: String, _ value: String) -> [UInt8] {
    [0x40] + integer(name.utf8.count) + name.utf8 + integer(value.utf8.count) + value.utf8
  }

  /// HPACK integer with a 7-bit prefix.
  private static func integer(_ value: Int) -> [UInt8] {
    guard value >= 127 else { return [UInt8(value)] }
    var bytes: [UInt8] = [127]
    var rest = value - 127
    while rest >= 128 {
      bytes.append(UInt8(rest & 0x7F) | 0x80)
      rest >>= 7
    }
    return bytes + [UInt8(rest)]
  }

  /// POST http / with an authority: 0x83, 0x86, 0x84 are entries of HPACK's static table.
  static let requestBlock: [UInt8] = [0x83, 0x86, 0x84] + field(":authority", "localhost")
}

/// One frame as the peer would read it.
struct SentFrame: Equatable {
  var type: UInt8
  var flags: UInt8
  var stream: UInt32
  var payload: [UInt8]

  /// Splits drained bytes into frames; `skipping` bytes (a client's preface) come first.
  static func parse(_ bytes: [UInt8], skipping: Int = 0) -> [SentFrame] {
    var frames: [SentFrame] = []
    var at = skipping
    while at + 9 <= bytes.count {
      let length = Int(bytes[at]) << 16 | Int(bytes[at + 1]) << 8 | Int(bytes[at + 2])
      let stream = bytes[(at + 5)..<(at + 9)].reduce(0) { $0 << 8 | UInt32($1) }
      let end = min(at + 9 + length, bytes.count)
      frames.append(
        SentFrame(
          type: bytes[at + 3], flags: bytes[at + 4], stream: stream,
          payload: Array(bytes[(at + 9)..<end])))
      at = end
    }
    return frames
  }

  var isGoAway: Bool { type == 7 }
  var isReset: Bool { type == 3 }
  /// The error code of a RST_STREAM or GOAWAY.
  var errorCode: UInt32? {
    switch type {
    case 3: payload.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    case 7: payload.dropFirst(4).prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
    default: nil
    }
  }
}
