import Foundation
import TestSupport
import Testing

@testable import WireFormats

@Suite struct ShortestFloatTests {
  private func text(_ number: Float) -> String {
    var json = JSONWriter()
    json.float(number)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  /// Digits without sign, point, exponent and zeros at either end.
  private func digits(_ text: String) -> String {
    let mantissa = text.prefix { $0 != "e" }.filter(\.isNumber)
    return String(mantissa.drop { $0 == "0" }.reversed().drop { $0 == "0" }.reversed())
  }

  private func check(_ bits: UInt32) {
    let number = Float(bitPattern: bits)
    guard number.isFinite else { return }
    let text = text(number)
    #expect(Float(text)?.bitPattern == bits, "\(bits) became \(text)")
    #expect(digits(text) == digits(number.description), "\(bits) became \(text)")
    #expect(text.utf8.count <= ShortestFloat.maximumBytes)
    #expect((try? JSONSerialization.jsonObject(with: Data("[\(text)]".utf8))) != nil)
  }

  @Test func everyNumberReadsBackFromAsFewDigitsAsCanBe() {
    var generator = SeededGenerator(7)
    for _ in 0..<20_000 { check(UInt32.random(in: 0 ... .max, using: &generator)) }
    // Vectors' components.
    for _ in 0..<20_000 { check(Float.random(in: -1...1, using: &generator).bitPattern) }
  }

  @Test func numbersAtTheEdgesOfExponentsReadBack() {
    for exponent in UInt32(0)..<255 {
      for significand: UInt32 in [0, 1, 2, 0x3F_FFFF, 0x40_0000, 0x7F_FFFE, 0x7F_FFFF] {
        check(exponent << 23 | significand)
        check(1 << 31 | exponent << 23 | significand)
      }
    }
  }

  @Test(arguments: [
    (0, "0.0"), (-0.0, "-0.0"), (1, "1.0"), (0.1, "0.1"), (-1.5, "-1.5"), (0.001, "0.001"),
    (0.0001, "0.0001"), (0.00001, "1e-05"), (123456.79, "123456.79"), (100_000_000, "100000000.0"),
    (1e9, "1e+09"), (3.4028235e38, "3.4028235e+38"), (.nan, "null"), (.infinity, "null"),
  ] as [(Float, String)])
  func aNumberIsWritten(_ number: Float, _ expected: String) {
    #expect(text(number) == expected)
  }

  @Test func aListHasNoCommaBehindItsLast() {
    var json = JSONWriter()
    json.array(0..<2) { json, _ in json.floats([] as [Float]) }
    json.floats([1, .nan, -2])
    json.floats([Float](repeating: 0.5, count: 1_025))
    #expect(
      String(decoding: json.bytes, as: UTF8.self)
        == "[[],[]],[1.0,null,-2.0],[" + [String](repeating: "0.5", count: 1_025).joined(separator: ",")
        + "]")
  }

  /// 10^k by repeated multiplication in whole numbers, its 64 first bits rounded up.
  @Test func thePowersOfTenAreWhatTheyClaim() {
    var power: [UInt32] = [1]
    for k in 0..<45 {
      let bits = power.count * 32 - (power.last?.leadingZeroBitCount ?? 0)
      var top: UInt64 = 0
      var isExact = true
      for bit in 0..<bits where power[bit / 32] >> UInt32(bit % 32) & 1 == 1 {
        let place = 63 - (bits - 1 - bit)
        if place >= 0 { top |= 1 << UInt64(place) } else { isExact = false }
      }
      #expect(powersOfTen[31 + k] == top &+ (isExact ? 0 : 1), "10^\(k)")
      var carry: UInt64 = 0
      for index in power.indices {
        let product = UInt64(power[index]) * 10 + carry
        power[index] = UInt32(truncatingIfNeeded: product)
        carry = product >> 32
      }
      if carry > 0 { power.append(UInt32(carry)) }
    }
  }
}
