/// Walks the fields of one serialized protobuf message.
///
/// Reads within `bytes` only, whatever they hold; `bytes` must outlive the reader.
struct ProtobufReader {
  enum Value {
    case varint(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    case bytes(UnsafeRawBufferPointer)
  }

  private let bytes: UnsafeRawBufferPointer
  private var position = 0

  init(_ bytes: UnsafeRawBufferPointer) {
    self.bytes = bytes
  }

  /// The next field, or nil at the end of the message.
  mutating func next() throws(ModelFault) -> (number: UInt64, value: Value)? {
    guard position < bytes.count else { return nil }
    let tag = try varint()
    let number = tag >> 3
    guard number > 0 else { throw Self.malformed }
    switch tag & 7 {
    case 0: return (number, .varint(try varint()))
    case 1: return (number, .fixed64(try fixed(UInt64.self)))
    case 2:
      let length = try varint()
      guard length <= UInt64(bytes.count - position) else { throw Self.malformed }
      let start = position
      position += Int(length)
      return (number, .bytes(UnsafeRawBufferPointer(rebasing: bytes[start..<position])))
    case 5: return (number, .fixed32(try fixed(UInt32.self)))
    default: throw Self.malformed
    }
  }

  private mutating func varint() throws(ModelFault) -> UInt64 {
    var result: UInt64 = 0
    var shift: UInt64 = 0
    while position < bytes.count, shift < 64 {
      let byte = bytes[position]
      position += 1
      result |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return result }
      shift += 7
    }
    throw Self.malformed
  }

  private mutating func fixed<Integer: FixedWidthInteger>(
    _ type: Integer.Type
  ) throws(ModelFault) -> Integer {
    let width = MemoryLayout<Integer>.size
    guard bytes.count - position >= width else { throw Self.malformed }
    let value = bytes.loadUnaligned(fromByteOffset: position, as: Integer.self)
    position += width
    return Integer(littleEndian: value)
  }

  private static let malformed = ModelFault.unreadable(
    "is no SentencePiece model, or is damaged or cut short")
}
