/// A vector in the encoding the caller chose.
public struct EncodedVector: Sendable, Equatable {
  public enum Storage: Sendable, Equatable {
    case float32([Float])
    /// Little-endian IEEE 754 half precision, 2 bytes a component.
    case float16([UInt8])
    /// Signed bytes; component ≈ byte × scale.
    case int8([UInt8], scale: Float)
    /// One bit a component, the first in the most significant bit of the first byte, zero-padded.
    case binary([UInt8])
  }

  /// Number of components, whatever the encoding.
  public var dimension: Int
  public var storage: Storage

  public init(dimension: Int, storage: Storage) {
    self.dimension = dimension
    self.storage = storage
  }

  /// Encodes a vector.
  ///
  /// `int8` is symmetric: scale = max|x| / 127, byte = x / scale rounded to nearest, ties to even; a zero
  /// vector has scale 0. `binary` keeps the signs.
  public init(_ vector: [Float], as encoding: VectorEncoding) {
    dimension = vector.count
    switch encoding {
    case .float32:
      storage = .float32(vector)
    case .float16:
      storage = .float16(Self.halfPrecision(vector))
    case .int8:
      let largest = vector.reduce(0) { Swift.max($0, abs($1)) }
      let scale = largest / 127
      let bytes = vector.map { component -> UInt8 in
        guard scale > 0 else { return 0 }
        let rounded = (component / scale).rounded(.toNearestOrEven)
        return UInt8(bitPattern: Int8(Swift.min(127, Swift.max(-127, rounded))))
      }
      storage = .int8(bytes, scale: scale)
    case .binary:
      var bytes = [UInt8](repeating: 0, count: (vector.count + 7) / 8)
      for (index, component) in vector.enumerated() where component > 0 {
        bytes[index / 8] |= 0x80 >> UInt8(index % 8)
      }
      storage = .binary(bytes)
    }
  }

  private static func halfPrecision(_ vector: [Float]) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(vector.count * 2)
    for component in vector {
      let bits = halfPrecisionBits(component)
      bytes.append(UInt8(truncatingIfNeeded: bits))
      bytes.append(UInt8(truncatingIfNeeded: bits >> 8))
    }
    return bytes
  }
}

/// Rounds to IEEE 754 half precision, nearest, ties to even; beyond ±65,504 to infinity.
///
/// Written on integers because `Float16` does not exist on every platform Swift runs on.
func halfPrecisionBits(_ value: Float) -> UInt16 {
  let bits = value.bitPattern
  let sign = UInt16(truncatingIfNeeded: (bits >> 16) & 0x8000)
  let exponent = Int((bits >> 23) & 0xFF) - 127
  let mantissa = bits & 0x7F_FFFF
  if exponent == 128 { return sign | 0x7C00 | (mantissa == 0 ? 0 : 0x200) }
  if exponent > 15 { return sign | 0x7C00 }
  if exponent < -25 { return sign }
  // 24-bit significand, and how many of its low bits half precision has no room for.
  let significand = mantissa | 0x80_0000
  let dropped = exponent < -14 ? UInt32(13 - 14 - exponent) : 13
  let kept = significand >> dropped
  let rest = significand & ((1 << dropped) - 1)
  let half: UInt32 = 1 << (dropped - 1)
  let roundsUp = rest > half || (rest == half && kept & 1 == 1)
  // A carry out of the mantissa moves into the exponent by itself.
  let exponentField = exponent < -14 ? 0 : UInt32(exponent + 15 - 1) << 10
  return sign | UInt16(truncatingIfNeeded: exponentField + kept + (roundsUp ? 1 : 0))
}
