import TestSupport
import Testing

@testable import Service

/// Rounding to half precision held against a table of all its values, searched, not computed.
@Suite struct HalfPrecisionTests {
  /// The value of a half-precision bit pattern by the definition of the format; exact in `Double`.
  /// Infinity counts as 2¹⁶, the value it would have if the format went on: half way to it,
  /// rounding overflows.
  private static func value(_ magnitude: UInt16) -> Double {
    let exponent = Int(magnitude >> 10)
    let mantissa = Double(magnitude & 0x3FF)
    if exponent == 0 { return mantissa * 0x1p-24 }
    return Double(sign: .plus, exponent: exponent - 15, significand: 1 + mantissa / 1024)
  }

  /// All magnitudes from 0 to infinity in order; the bit pattern is the index.
  private static let magnitudes: [Double] = (0...0x7C00).map { value(UInt16($0)) }

  /// Nearest value, ties to the even bit pattern.
  private static func reference(_ float: Float) -> UInt16 {
    let sign: UInt16 = float.sign == .minus ? 0x8000 : 0
    let magnitude = Double(float.magnitude)
    if magnitude >= 0x1p16 { return sign | 0x7C00 }
    // The last value that is not above; the next one exists since infinity is above all others.
    var low = 0
    var high = magnitudes.count - 1
    while high - low > 1 {
      let middle = (low + high) / 2
      if magnitudes[middle] <= magnitude { low = middle } else { high = middle }
    }
    let below = magnitude - magnitudes[low]
    let above = magnitudes[high] - magnitude
    if below == above { return sign | UInt16(low % 2 == 0 ? low : high) }
    return sign | UInt16(below < above ? low : high)
  }

  @Test func everyHalfPrecisionValueIsKept() {
    var wrong: [UInt16] = []
    for pattern in 0...UInt16.max {
      let magnitude = pattern & 0x7FFF
      let sign: Float = pattern & 0x8000 == 0 ? 1 : -1
      // Patterns above infinity's are no numbers.
      if magnitude > 0x7C00 { continue }
      let value = magnitude == 0x7C00 ? .infinity : Float(Self.value(magnitude))
      if halfPrecisionBits(sign * value) != pattern { wrong.append(pattern) }
    }
    #expect(wrong.isEmpty)
  }

  @Test func everyMidpointAndItsNeighboursAreRoundedRight() {
    var wrong: [UInt16] = []
    for pattern in 0..<UInt16(0x7C00) {
      let exact = (Self.value(pattern) + Self.value(pattern + 1)) / 2
      let middle = Float(exact)
      let isRight =
        Double(middle) == exact
        && halfPrecisionBits(middle) == (pattern % 2 == 0 ? pattern : pattern + 1)
        && halfPrecisionBits(middle.nextDown) == pattern
        && halfPrecisionBits(middle.nextUp) == pattern + 1
        && halfPrecisionBits(-middle.nextDown) == 0x8000 | pattern
      if !isRight { wrong.append(pattern) }
    }
    #expect(wrong.isEmpty)
  }

  @Test func randomBitPatternsAreRoundedAsTheTableSays() {
    var generator = SeededGenerator(16)
    var wrong: [Float] = []
    for _ in 0..<1_000_000 {
      let float = Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &generator))
      if !float.isNaN, halfPrecisionBits(float) != Self.reference(float) { wrong.append(float) }
    }
    #expect(wrong.isEmpty)
  }

  @Test func randomNumbersInTheFormatsRangeAreRoundedAsTheTableSays() {
    var generator = SeededGenerator(17)
    var wrong: [Float] = []
    for _ in 0..<1_000_000 {
      // Exponents from below the least subnormal to above the largest number.
      let exponent = UInt32.random(in: 127 - 27...127 + 17, using: &generator)
      let rest = UInt32.random(in: 0...UInt32.max, using: &generator) & 0x807F_FFFF
      let float = Float(bitPattern: rest | exponent << 23)
      if halfPrecisionBits(float) != Self.reference(float) { wrong.append(float) }
    }
    #expect(wrong.isEmpty)
  }

  @Test func theEndsOfTheRange() {
    let cases: [(Float, UInt16)] = [
      (0, 0), (-0.0, 0x8000), (1, 0x3C00), (-2, 0xC000), (65_504, 0x7BFF),
      (65_519.996, 0x7BFF), (65_520, 0x7C00), (.greatestFiniteMagnitude, 0x7C00),
      (-65_520, 0xFC00), (.infinity, 0x7C00), (-.infinity, 0xFC00),
      // Least normal, greatest subnormal, least subnormal, half of it (a tie), just above.
      (0x1p-14, 0x0400), (0x1.FF8p-15, 0x03FF), (0x1p-24, 0x0001), (0x1p-25, 0x0000),
      (0x1.000002p-25, 0x0001), (.leastNonzeroMagnitude, 0), (.leastNormalMagnitude, 0),
    ]
    for (float, bits) in cases { #expect(halfPrecisionBits(float) == bits, "\(float)") }
  }

  @Test(arguments: [Float.nan, -.nan, .signalingNaN, Float(bitPattern: 0x7F80_0001)])
  func whatIsNoNumberStaysNone(float: Float) {
    let bits = halfPrecisionBits(float)
    #expect(bits & 0x7C00 == 0x7C00)
    #expect(bits & 0x3FF != 0)
  }

  @Test func bytesAreLittleEndian() {
    let encoded = EncodedVector([1, -2], as: .float16)
    #expect(encoded.storage == .float16([0x00, 0x3C, 0x00, 0xC0]))
  }
}
