import CZlib

/// The encodings a peer may use for its messages (`grpc-encoding`).
enum MessageEncoding: String, CaseIterable {
  case identity
  case gzip
  case deflate

  /// Value of `grpc-accept-encoding`.
  static let accepted = allCases.map(\.rawValue).joined(separator: ",")
}

/// Inflates one whole gzip or zlib message.
///
/// - Parameter limit: largest result accepted, bytes; a longer one is refused as soon as it shows, so that a small
///   message cannot fill the memory.
func inflateMessage(_ input: [UInt8], limit: Int) throws(GRPCError) -> [UInt8] {
  var stream = z_stream()
  // zlib remembers the structure's address, so it is taken once.
  return try withUnsafeMutablePointer(to: &stream) { stream throws(GRPCError) in
    // 15 bits of window, +32: tell gzip and zlib apart by their headers.
    guard duri_inflate_init(stream, 15 + 32) == Z_OK else {
      throw GRPCError(.internal, "the decompressor could not be started")
    }
    defer { inflateEnd(stream) }
    var output: [UInt8] = []
    let status = inflateAll(input, with: stream, into: &output, limit: limit)
    if output.count > limit {
      throw GRPCError(
        .resourceExhausted,
        "message is over \(limit) bytes once decompressed; send smaller messages")
    }
    guard status == Z_STREAM_END, stream.pointee.avail_in == 0 else {
      throw GRPCError(.internal, "message is not one valid gzip or zlib stream")
    }
    return output
  }
}

/// Returns the status with which inflating stopped; `Z_OK` if it was for the limit.
private func inflateAll(
  _ input: [UInt8], with stream: UnsafeMutablePointer<z_stream>, into output: inout [UInt8],
  limit: Int
) -> Int32 {
  let chunkSize = 32_768
  return input.withUnsafeBufferPointer { input in
    // zlib only reads from here; its type has no const.
    stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
    stream.pointee.avail_in = UInt32(clamping: input.count)
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: chunkSize) { chunk in
      while true {
        stream.pointee.next_out = chunk.baseAddress
        stream.pointee.avail_out = UInt32(clamping: chunk.count)
        // Without progress this is Z_BUF_ERROR: the input ended inside the compressed data.
        let status = inflate(stream, Z_NO_FLUSH)
        output += chunk.prefix(chunk.count - Int(stream.pointee.avail_out))
        if status != Z_OK || output.count > limit { return status }
      }
    }
  }
}
