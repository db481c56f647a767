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
  // 15 bits of window, +32: tell gzip and zlib apart by their headers.
  guard duri_inflate_init(&stream, 15 + 32) == Z_OK else {
    throw GRPCError(.internal, "the decompressor could not be started")
  }
  defer { inflateEnd(&stream) }
  var output: [UInt8] = []
  var chunk = [UInt8](repeating: 0, count: 32_768)
  let status = input.withUnsafeBufferPointer { input -> Int32 in
    stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
    stream.avail_in = UInt32(clamping: input.count)
    while true {
      let (status, produced) = chunk.withUnsafeMutableBufferPointer { chunk -> (Int32, Int) in
        stream.next_out = chunk.baseAddress
        stream.avail_out = UInt32(clamping: chunk.count)
        let status = inflate(&stream, Z_NO_FLUSH)
        return (status, chunk.count - Int(stream.avail_out))
      }
      output += chunk[..<produced]
      if output.count > limit { return Z_MEM_ERROR }
      if status != Z_OK { return status }
      // No progress is possible: the input ended inside the compressed data.
      if produced == 0 && stream.avail_in == 0 { return Z_BUF_ERROR }
    }
  }
  switch status {
  case Z_STREAM_END where stream.avail_in == 0:
    return output
  case Z_MEM_ERROR:
    throw GRPCError(
      .resourceExhausted, "message is over \(limit) bytes once decompressed; send smaller messages")
  default:
    throw GRPCError(.internal, "message is not valid gzip or zlib data")
  }
}
