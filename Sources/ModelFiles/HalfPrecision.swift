#if _endian(big)
  #error("safetensors are little-endian and mapped as they are; a big-endian host is not supported")
#endif

/// Exact widening of 16-bit floats to 32 bits, in integer arithmetic so that it is the same on
/// every processor (NaN payloads included) and so that the loops over it vectorise.
enum HalfPrecision {
  /// IEEE 754 binary16: 1 sign, 5 exponent (bias 15) and 10 fraction bits.
  @inline(__always)
  static func float(f16 bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    // Exponent and fraction moved to where binary32 has them.
    let magnitude = UInt32(bits & 0x7fff) << 13
    // 112 = 127 − 15, the difference of the exponent biases.
    let normal = magnitude &+ (112 << 23)
    // Infinity and NaN: the exponent goes from all ones in 5 bits to all ones in 8.
    let special = magnitude | (255 << 23)
    // Subnormal, fraction · 2⁻²⁴: put the fraction below 2⁻¹⁴ and take 2⁻¹⁴ away again, exactly.
    let lowest = Float(bitPattern: 113 << 23)
    let subnormal = (Float(bitPattern: magnitude &+ (113 << 23)) - lowest).bitPattern
    let isSpecial = magnitude >= (0x7c00 << 13)
    let isSubnormal = magnitude < (0x0400 << 13)
    let value = isSpecial ? special : (isSubnormal ? subnormal : normal)
    return Float(bitPattern: sign | value)
  }

  /// bfloat16: the upper half of a binary32.
  @inline(__always)
  static func float(bf16 bits: UInt16) -> Float {
    Float(bitPattern: UInt32(bits) << 16)
  }
}
