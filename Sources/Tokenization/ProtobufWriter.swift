/// Builds a serialized protobuf message.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  init(reserving capacity: Int) {
    bytes.reserveCapacity(capacity)
  }

  mutating func varint(_ number: UInt8, _ value: Int) {
    raw(UInt64(number) << 3)
    raw(UInt64(truncatingIfNeeded: value))
  }

  mutating func float(_ number: UInt8, _ value: Float) {
    raw(UInt64(number) << 3 | 5)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func bytes(_ number: UInt8, _ value: some Collection<UInt8>) {
    header(number, length: value.count)
    bytes.append(contentsOf: value)
  }

  /// Begins a submessage of `length` bytes, to be written next.
  mutating func header(_ number: UInt8, length: Int) {
    raw(UInt64(number) << 3 | 2)
    raw(UInt64(length))
  }

  static func varintSize(_ value: Int) -> Int {
    max(1, (Int.bitWidth - value.leadingZeroBitCount + 6) / 7)
  }

  private mutating func raw(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}
