/// Percent-encoding of `grpc-message`: bytes outside printable ASCII, and `%`, become `%XX`.
enum StatusMessage {
  /// Longest encoded message, bytes; a longer one is cut. Common clients refuse trailers above 8 KiB.
  static let maximumBytes = 4_096

  static func encode(_ message: String) -> String {
    var bytes: [UInt8] = []
    var scalar: [UInt8] = []
    for value in message.unicodeScalars {
      scalar.removeAll(keepingCapacity: true)
      for byte in UTF8.encode(value) ?? UTF8.encodedReplacementCharacter { append(byte, to: &scalar) }
      // Two bytes are left for the escape of a last space.
      if bytes.count + scalar.count > maximumBytes - 2 { break }
      // HTTP/2 field values neither begin nor end with white space.
      if bytes.isEmpty && scalar == [space] { scalar = escape(space) }
      bytes += scalar
    }
    if bytes.last == space { bytes.replaceSubrange((bytes.count - 1)..., with: escape(space)) }
    return String(decoding: bytes, as: UTF8.self)
  }

  private static let space = UInt8(ascii: " ")

  private static func append(_ byte: UInt8, to bytes: inout [UInt8]) {
    if (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "%") {
      bytes.append(byte)
    } else {
      bytes += escape(byte)
    }
  }

  private static func escape(_ byte: UInt8) -> [UInt8] {
    [UInt8(ascii: "%"), hexDigit(byte >> 4), hexDigit(byte & 0xF)]
  }

  /// The reverse; what is not a valid escape stays as it is, as the protocol asks.
  static func decode(_ value: String) -> String {
    let bytes = Array(value.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
      if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
        let high = hexValue(bytes[index + 1]), let low = hexValue(bytes[index + 2])
      {
        result.append(high << 4 | low)
        index += 3
      } else {
        result.append(bytes[index])
        index += 1
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
  }

  private static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    default: nil
    }
  }
}
