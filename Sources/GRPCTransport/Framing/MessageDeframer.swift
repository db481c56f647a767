/// Cuts a byte stream into gRPC's length-prefixed messages: 1 byte compressed flag, 4 bytes big-endian length, payload.
///
/// A value without I/O: append bytes, take messages. Bytes held never exceed one message's limit plus what one
/// append brought.
struct MessageDeframer {
  static let prefixSize = 5

  /// A message as it stood on the wire.
  struct Frame: Equatable, Sendable {
    var isCompressed: Bool
    var payload: [UInt8]

    /// The message itself.
    ///
    /// Compressed messages stay compressed until their reader asks: a few kilobytes on the wire may be megabytes, and
    /// inflating them takes time that an event loop does not have.
    /// - Parameter limit: largest message accepted, bytes.
    func message(limit: Int) throws(GRPCError) -> [UInt8] {
      isCompressed ? try inflateMessage(payload, limit: limit) : payload
    }
  }

  /// Largest payload accepted, bytes.
  let maximumMessageBytes: Int
  private var buffer: [UInt8] = []
  private var offset = 0

  init(maximumMessageBytes: Int) {
    self.maximumMessageBytes = maximumMessageBytes
  }

  /// Bytes of a message that is not complete yet.
  var pendingBytes: Int { buffer.count - offset }

  /// Forgets a message that will never be completed.
  mutating func removeAll() {
    buffer = []
    offset = 0
  }

  mutating func append(_ bytes: [UInt8]) {
    if pendingBytes == 0 {
      buffer = bytes
      offset = 0
    } else {
      buffer += bytes
    }
  }

  /// The next complete message, nil if more bytes are needed.
  ///
  /// - Throws: `resourceExhausted` for a length over the limit, before any of it is buffered for long;
  ///   `internal` for a flag byte that is neither 0 nor 1.
  mutating func next() throws(GRPCError) -> Frame? {
    guard pendingBytes >= Self.prefixSize else { return nil }
    let flag = buffer[offset]
    guard flag <= 1 else {
      throw GRPCError(.internal, "message prefix has compression flag \(flag); 0 or 1 expected")
    }
    var length = 0
    for index in 1..<Self.prefixSize { length = length << 8 | Int(buffer[offset + index]) }
    guard length <= maximumMessageBytes else {
      throw GRPCError(
        .resourceExhausted,
        "message of \(length) bytes; the limit is \(maximumMessageBytes), send smaller messages")
    }
    guard pendingBytes >= Self.prefixSize + length else { return nil }
    let begin = offset + Self.prefixSize
    let payload = Array(buffer[begin..<begin + length])
    offset = begin + length
    if offset == buffer.count {
      removeAll()
    } else if offset > 65_536 {
      buffer.removeFirst(offset)
      offset = 0
    }
    return Frame(isCompressed: flag == 1, payload: payload)
  }
}

/// The 5 bytes before an uncompressed payload.
func messagePrefix(payloadBytes: Int) -> [UInt8] {
  let length = UInt32(clamping: payloadBytes)
  return [
    0, UInt8(truncatingIfNeeded: length >> 24), UInt8(truncatingIfNeeded: length >> 16),
    UInt8(truncatingIfNeeded: length >> 8), UInt8(truncatingIfNeeded: length),
  ]
}
