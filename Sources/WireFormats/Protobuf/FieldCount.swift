/// Counts the occurrences of a length-delimited field in a serialized message, without decoding it.
///
/// An empty text takes two bytes on the wire and dozens in memory, so lists are counted before they are decoded. Walks
/// tags and lengths only (Protocol Buffers encoding: tag = field number << 3 | wire type).
///
/// - Returns: the count; what follows a malformed byte is not counted, decoding reports it.
public func fieldCount(_ field: UInt64, in bytes: [UInt8]) -> Int {
  var count = 0
  var index = 0

  func varint() -> UInt64? {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while index < bytes.count, shift < 64 {
      let byte = bytes[index]
      index += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte & 0x80 == 0 { return value }
      shift += 7
    }
    return nil
  }

  while index < bytes.count {
    guard let tag = varint() else { return count }
    switch tag & 7 {
    case 0: guard varint() != nil else { return count }
    case 1: index += 8
    case 2:
      guard let length = varint(), length <= UInt64(bytes.count - index) else { return count }
      index += Int(length)
      if tag >> 3 == field { count += 1 }
    case 5: index += 4
    // A group's fields are counted as if they were the message's own: too many rather than too few.
    case 3, 4: continue
    default: return count
    }
  }
  return count
}
