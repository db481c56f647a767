import Foundation
import Testing

@testable import ModelFiles

/// Both conversions over all 65,536 bit patterns, against the formats' definitions written with
/// powers of two instead of bit moves.
@Suite struct HalfPrecisionTests {
  /// value = (−1)^s · 2^(e−bias) · (1 + f/2^bits), or (−1)^s · 2^(1−bias) · f/2^bits for e = 0.
  private func reference(_ pattern: UInt16, exponentBits: Int, fractionBits: Int) -> Double {
    let fraction = Int(pattern) & ((1 << fractionBits) - 1)
    let exponent = (Int(pattern) >> fractionBits) & ((1 << exponentBits) - 1)
    let sign: Double = pattern >= 0x8000 ? -1 : 1
    let bias = (1 << (exponentBits - 1)) - 1
    let part = Double(fraction) / Double(1 << fractionBits)
    if exponent == (1 << exponentBits) - 1 {
      return fraction == 0 ? sign * .infinity : .nan
    }
    return exponent == 0
      ? sign * part * pow(2, Double(1 - bias))
      : sign * (1 + part) * pow(2, Double(exponent - bias))
  }

  /// Same value, same sign of zero; every NaN counts as one.
  private func same(_ value: Float, _ expected: Double) -> Bool {
    if expected.isNaN { return value.isNaN }
    return Double(value) == expected && value.sign == expected.sign
  }

  private func mismatches(
    _ type: String, exponentBits: Int, fractionBits: Int
  ) throws -> [UInt16] {
    let patterns = (0...UInt16.max).map { $0 }
    let folder = try TemporaryFolder()
    try folder.write(
      "model.safetensors", Checkpoint.file(["all": .bits(type, [65536], patterns)]))
    let view = try WeightFiles.open(folder: folder.path).tensor("all", shape: [65536])
    let values = view.floats()
    #expect(values.count == 65536)
    return zip(patterns, values).filter { pattern, value in
      !same(
        value, reference(pattern, exponentBits: exponentBits, fractionBits: fractionBits))
    }.map(\.0)
  }

  @Test func binary16IsExactForEveryPattern() throws {
    #expect(try mismatches("F16", exponentBits: 5, fractionBits: 10).isEmpty)
  }

  @Test func bfloat16IsExactForEveryPattern() throws {
    #expect(try mismatches("BF16", exponentBits: 8, fractionBits: 7).isEmpty)
  }

  @Test func landmarks() {
    #expect(HalfPrecision.float(f16: 0x3c00) == 1)
    #expect(HalfPrecision.float(f16: 0x7bff) == 65504)
    #expect(HalfPrecision.float(f16: 0x0001) == 0x1p-24)
    #expect(HalfPrecision.float(f16: 0x03ff) == 0x1.ff8p-15)
    #expect(HalfPrecision.float(f16: 0x8000).bitPattern == 0x8000_0000)
    #expect(HalfPrecision.float(f16: 0xfc00) == -.infinity)
    #expect(HalfPrecision.float(f16: 0x7e01).isNaN)
    #expect(HalfPrecision.float(bf16: 0x3f80) == 1)
    #expect(HalfPrecision.float(bf16: 0x0001) == 0x1p-133)
  }
}
