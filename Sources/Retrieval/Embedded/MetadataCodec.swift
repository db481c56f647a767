import Foundation

/// Metadata as bytes, exactly: for every field in the order of its name, a length-prefixed name, one byte
/// for the kind and the value. Lengths are 32 bits, little-endian; numbers are the 64 bits of the double.
enum MetadataCodec {
  enum Kind: UInt8 {
    case string = 0
    case number = 1
    case bool = 2
    case strings = 3
  }

  static func encode(_ metadata: Metadata) -> Data {
    var bytes = Data()
    for field in metadata.keys.sorted() {
      guard let value = metadata[field] else { continue }
      append(field, to: &bytes)
      switch value {
      case .string(let string):
        bytes.append(Kind.string.rawValue)
        append(string, to: &bytes)
      case .number(let number):
        bytes.append(Kind.number.rawValue)
        append(number.bitPattern, to: &bytes)
      case .bool(let bool):
        bytes.append(Kind.bool.rawValue)
        bytes.append(bool ? 1 : 0)
      case .strings(let strings):
        bytes.append(Kind.strings.rawValue)
        bytes.append(encode(strings))
      }
    }
    return bytes
  }

  /// A list of strings: their count, then each with its length.
  static func encode(_ strings: [String]) -> Data {
    var bytes = Data()
    append(UInt32(clamping: strings.count), to: &bytes)
    for string in strings { append(string, to: &bytes) }
    return bytes
  }

  private static func append(_ string: String, to bytes: inout Data) {
    append(UInt32(clamping: string.utf8.count), to: &bytes)
    bytes.append(contentsOf: string.utf8)
  }

  private static func append(_ number: some FixedWidthInteger, to bytes: inout Data) {
    withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
  }

  /// - Throws: `storage` for bytes that ``encode(_:)-(Metadata)`` cannot have made.
  static func decode(_ bytes: UnsafeRawBufferPointer) throws(RetrievalError) -> Metadata {
    var reader = ByteReader(bytes: bytes)
    var metadata: Metadata = [:]
    while !reader.isAtEnd {
      let field = try reader.string()
      switch Kind(rawValue: try reader.number(UInt8.self)) {
      case .string: metadata[field] = .string(try reader.string())
      case .number: metadata[field] = .number(Double(bitPattern: try reader.number(UInt64.self)))
      case .bool: metadata[field] = .bool(try reader.number(UInt8.self) != 0)
      case .strings:
        var strings: [String] = []
        for _ in 0..<(try reader.number(UInt32.self)) { strings.append(try reader.string()) }
        metadata[field] = .strings(strings)
      case nil: throw .damaged("metadata of an unknown kind")
      }
    }
    return metadata
  }
}

private struct ByteReader {
  let bytes: UnsafeRawBufferPointer
  var index = 0

  var isAtEnd: Bool { index == bytes.count }

  mutating func number<Number: FixedWidthInteger>(
    _: Number.Type
  ) throws(RetrievalError) -> Number {
    let size = MemoryLayout<Number>.size
    guard bytes.count - index >= size else { throw .damaged("metadata cut short") }
    defer { index += size }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: index, as: Number.self))
  }

  mutating func string() throws(RetrievalError) -> String {
    let size = Int(try number(UInt32.self))
    guard bytes.count - index >= size else { throw .damaged("metadata cut short") }
    defer { index += size }
    return String(decoding: bytes[index..<(index + size)], as: UTF8.self)
  }
}
