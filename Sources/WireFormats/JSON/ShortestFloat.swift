/// Decimals of singles: the shortest that reads back as the same number.
///
/// The algorithm is Schubfach (R. Giulietti, "The Schubfach way to render doubles", 2020) for 32 bits: three
/// multiplications by a 64-bit power of ten, no division of long numbers, no tries.
enum ShortestFloat {
  /// Bytes that the text of one number takes at most: sign, nine digits, point, four zeros behind it or a
  /// signed exponent of two digits.
  static let maximumBytes = 16

  /// Writes a finite number as JSON; not a number and infinities, which JSON lacks, become `null`.
  ///
  /// - Parameter output: room for ``maximumBytes``.
  /// - Returns: bytes written.
  @inline(__always)
  static func write(
    _ value: Float, to output: UnsafeMutablePointer<UInt8>, powers: UnsafePointer<UInt64>
  ) -> Int {
    let bits = value.bitPattern
    let exponent = Int32(truncatingIfNeeded: (bits >> 23) & 0xFF)
    let significand = bits & 0x7F_FFFF
    var at = output
    if exponent == 0xFF {
      at.initialize(from: nullText, count: 4)
      return 4
    }
    if bits >> 31 == 1 { push(UInt8(ascii: "-"), &at) }
    if exponent == 0, significand == 0 {
      push(UInt8(ascii: "0"), &at)
      push(UInt8(ascii: "."), &at)
      push(UInt8(ascii: "0"), &at)
    } else {
      var (digits, power) = shortest(significand, exponent, powers: powers)
      while digits % 10 == 0 {
        digits /= 10
        power &+= 1
      }
      writeDigits(digits, exponent: power, &at)
    }
    return at - output
  }

  /// Digits and a power of ten: the shortest decimal in the interval that rounds to the number, of several
  /// the closest.
  ///
  /// - Parameters:
  ///   - significand: 23 bits as stored.
  ///   - biased: exponent as stored, 0 to 254.
  @inline(__always)
  private static func shortest(
    _ significand: UInt32, _ biased: Int32, powers: UnsafePointer<UInt64>
  ) -> (digits: UInt32, exponent: Int32) {
    // value = c · 2^q
    let c = biased == 0 ? significand : significand | 0x80_0000
    let q = (biased == 0 ? 1 : biased) &- 150
    if q <= 0, q > -24, c & ((1 << UInt32(truncatingIfNeeded: -q)) &- 1) == 0 {
      // A whole number below 2^24 is its own shortest form, but for zeros at its end.
      return (c >> UInt32(truncatingIfNeeded: -q), 0)
    }
    // Below a power of two the neighbour is half as far.
    let isCloserBelow = significand == 0 && biased > 1
    // The interval's ends, times 4 to stay whole.
    let low = 4 &* c &- 2 &+ (isCloserBelow ? 1 : 0)
    let middle = 4 &* c
    let high = 4 &* c &+ 2
    // floor(log10(2^q)), or of 3/4 · 2^q; the constants are log10(2) and log10(3/4) times 2^22.
    let k = (q &* 1_262_611 &- (isCloserBelow ? 524_031 : 0)) >> 22
    // h = q + floor(log2(10^-k)) + 1, 1 to 4; log2(10) times 2^19.
    let h = UInt32(truncatingIfNeeded: q &+ ((-k &* 1_741_647) >> 19) &+ 1)
    let power = powers[Int(-k &- smallestPower)]
    let scaledLow = multiplyToOdd(power, low << h)
    let scaled = multiplyToOdd(power, middle << h)
    let scaledHigh = multiplyToOdd(power, high << h)
    // The ends belong to the interval if the significand is even: reading rounds ties to even.
    let first = scaledLow &+ (c & 1)
    let last = scaledHigh &- (c & 1)
    let s = scaled / 4
    if s >= 10 {
      let tenth = s / 10
      let below = first <= 40 &* tenth
      let above = 40 &* tenth &+ 40 <= last
      if below != above { return (tenth &+ (above ? 1 : 0), k &+ 1) }
    }
    let below = first <= 4 &* s
    let above = 4 &* s &+ 4 <= last
    if below != above { return (s &+ (above ? 1 : 0), k) }
    let half = 4 &* s &+ 2
    let roundsUp = scaled > half || (scaled == half && s & 1 == 1)
    return (s &+ (roundsUp ? 1 : 0), k)
  }

  /// Upper half of the product, its lowest bit set if anything was cut off behind it ("round to odd").
  @inline(__always)
  private static func multiplyToOdd(_ power: UInt64, _ factor: UInt32) -> UInt32 {
    let product = power.multipliedFullWidth(by: UInt64(factor))
    let rest = UInt32(truncatingIfNeeded: product.low >> 32)
    return UInt32(truncatingIfNeeded: product.high) | (rest > 1 ? 1 : 0)
  }

  // MARK: - Text

  /// 0.00012 … 123456790.0 in full, others as 1.2e-05.
  @inline(__always)
  private static func writeDigits(
    _ number: UInt32, exponent: Int32, _ at: inout UnsafeMutablePointer<UInt8>
  ) {
    let count = digitCount(number)
    // Digits before the decimal point.
    let point = count &+ Int(exponent)
    if point <= 0, point > -4 {
      push(UInt8(ascii: "0"), &at)
      push(UInt8(ascii: "."), &at)
      for _ in 0..<(-point) { push(UInt8(ascii: "0"), &at) }
      put(number, count, &at)
    } else if point > 0, point <= 9 {
      if exponent >= 0 {
        put(number, count, &at)
        for _ in 0..<exponent { push(UInt8(ascii: "0"), &at) }
        push(UInt8(ascii: "."), &at)
        push(UInt8(ascii: "0"), &at)
      } else {
        // One byte further right, then the whole part moves back over the gap.
        let start = at
        at += 1
        put(number, count, &at)
        start.update(from: start + 1, count: point)
        start[point] = UInt8(ascii: ".")
      }
    } else {
      let start = at
      at += 1
      put(number, count, &at)
      start[0] = start[1]
      if count > 1 { start[1] = UInt8(ascii: ".") } else { at -= 1 }
      push(UInt8(ascii: "e"), &at)
      let power = point &- 1
      push(power < 0 ? UInt8(ascii: "-") : UInt8(ascii: "+"), &at)
      let size = UInt8(truncatingIfNeeded: power.magnitude)
      push(UInt8(ascii: "0") &+ size / 10, &at)
      push(UInt8(ascii: "0") &+ size % 10, &at)
    }
  }

  @inline(__always)
  private static func push(_ byte: UInt8, _ at: inout UnsafeMutablePointer<UInt8>) {
    at.initialize(to: byte)
    at += 1
  }

  @inline(__always)
  private static func put(
    _ number: UInt32, _ count: Int, _ at: inout UnsafeMutablePointer<UInt8>
  ) {
    var rest = number
    var place = count
    while place > 0 {
      place &-= 1
      (at + place).initialize(to: UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    }
    at += count
  }

  /// Of a number below 10^9 and above 0.
  @inline(__always)
  private static func digitCount(_ number: UInt32) -> Int {
    if number >= 10_000 {
      if number >= 10_000_000 { return number >= 100_000_000 ? 9 : 8 }
      return number >= 1_000_000 ? 7 : number >= 100_000 ? 6 : 5
    }
    if number >= 100 { return number >= 1_000 ? 4 : 3 }
    return number >= 10 ? 2 : 1
  }

  private static let nullText = Array("null".utf8)

  /// The exponent of the first of ``powersOfTen``.
  private static let smallestPower: Int32 = -31
}

/// ⌈10^k · 2^(63 − ⌊log2 10^k⌋)⌉ for k = -31 … 45: powers of ten with 64 significant bits.
let powersOfTen: [UInt64] = [
  0x81CEB32C4B43FCF5, 0xA2425FF75E14FC32, 0xCAD2F7F5359A3B3F, 0xFD87B5F28300CA0E,
  0x9E74D1B791E07E49, 0xC612062576589DDB, 0xF79687AED3EEC552, 0x9ABE14CD44753B53,
  0xC16D9A0095928A28, 0xF1C90080BAF72CB2, 0x971DA05074DA7BEF, 0xBCE5086492111AEB,
  0xEC1E4A7DB69561A6, 0x9392EE8E921D5D08, 0xB877AA3236A4B44A, 0xE69594BEC44DE15C,
  0x901D7CF73AB0ACDA, 0xB424DC35095CD810, 0xE12E13424BB40E14, 0x8CBCCC096F5088CC,
  0xAFEBFF0BCB24AAFF, 0xDBE6FECEBDEDD5BF, 0x89705F4136B4A598, 0xABCC77118461CEFD,
  0xD6BF94D5E57A42BD, 0x8637BD05AF6C69B6, 0xA7C5AC471B478424, 0xD1B71758E219652C,
  0x83126E978D4FDF3C, 0xA3D70A3D70A3D70B, 0xCCCCCCCCCCCCCCCD, 0x8000000000000000,
  0xA000000000000000, 0xC800000000000000, 0xFA00000000000000, 0x9C40000000000000,
  0xC350000000000000, 0xF424000000000000, 0x9896800000000000, 0xBEBC200000000000,
  0xEE6B280000000000, 0x9502F90000000000, 0xBA43B74000000000, 0xE8D4A51000000000,
  0x9184E72A00000000, 0xB5E620F480000000, 0xE35FA931A0000000, 0x8E1BC9BF04000000,
  0xB1A2BC2EC5000000, 0xDE0B6B3A76400000, 0x8AC7230489E80000, 0xAD78EBC5AC620000,
  0xD8D726B7177A8000, 0x878678326EAC9000, 0xA968163F0A57B400, 0xD3C21BCECCEDA100,
  0x84595161401484A0, 0xA56FA5B99019A5C8, 0xCECB8F27F4200F3A, 0x813F3978F8940985,
  0xA18F07D736B90BE6, 0xC9F2C9CD04674EDF, 0xFC6F7C4045812297, 0x9DC5ADA82B70B59E,
  0xC5371912364CE306, 0xF684DF56C3E01BC7, 0x9A130B963A6C115D, 0xC097CE7BC90715B4,
  0xF0BDC21ABB48DB21, 0x96769950B50D88F5, 0xBC143FA4E250EB32, 0xEB194F8E1AE525FE,
  0x92EFD1B8D0CF37BF, 0xB7ABC627050305AE, 0xE596B7B0C643C71A, 0x8F7E32CE7BEA5C70,
  0xB35DBF821AE4F38C,
]
