import CZlib

@testable import GRPCTransport

/// A message as it stands on the wire.
func framed(_ payload: [UInt8], isCompressed: Bool = false) -> [UInt8] {
  var prefix = messagePrefix(payloadBytes: payload.count)
  prefix[0] = isCompressed ? 1 : 0
  return prefix + payload
}

/// `count` bytes that depend on their place and on `seed`.
func pattern(_ count: Int, seed: Int = 0) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: ($0 &+ seed) &* 31 &+ ($0 >> 8)) }
}

enum Container: Int32, CaseIterable {
  case zlib = 15
  case gzip = 31
  /// No header: not accepted.
  case raw = -15
}

func deflated(_ input: [UInt8], as container: Container) -> [UInt8] {
  var stream = z_stream()
  return withUnsafeMutablePointer(to: &stream) { stream in
    deflateInit2_(
      stream, 9, Z_DEFLATED, container.rawValue, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
      Int32(MemoryLayout<z_stream>.size))
    defer { deflateEnd(stream) }
    var input = input
    var output = [UInt8](repeating: 0, count: Int(deflateBound(stream, UInt(input.count))))
    let count = input.withUnsafeMutableBufferPointer { input in
      output.withUnsafeMutableBufferPointer { output in
        stream.pointee.next_in = input.baseAddress
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(output.count)
        deflate(stream, Z_FINISH)
        return output.count - Int(stream.pointee.avail_out)
      }
    }
    return Array(output[..<count])
  }
}

/// An uncompressed message, written as its bytes.
extension MessageDeframer.Frame: ExpressibleByArrayLiteral {
  public init(arrayLiteral bytes: UInt8...) {
    self.init(isCompressed: false, payload: bytes)
  }
}
