/// A digest of rows that grows with them: the sum of one number a row, so that adding rows costs nothing
/// for those before, and every byte and its place count.
///
/// It tells damage, not malice: 64 bits, no key.
enum RowDigest {
  private static let prime: UInt64 = 0x9E37_79B9_7F4A_7C15

  /// A number for some bytes; `seed` is that of the bytes before.
  static func digest(_ bytes: UnsafeRawBufferPointer, seed: UInt64) -> UInt64 {
    // Four chains, since one multiplication waits for the one before it.
    var a = seed &+ prime
    var b = seed ^ 0xC2B2_AE3D_27D4_EB4F
    var c = seed &+ 0x1656_67B1_9E37_79F9
    var d = seed ^ 0x27D4_EB2F_1656_67C5
    var index = 0
    let whole = bytes.count & ~31
    while index < whole {
      a = step(a, bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self))
      b = step(b, bytes.loadUnaligned(fromByteOffset: index + 8, as: UInt64.self))
      c = step(c, bytes.loadUnaligned(fromByteOffset: index + 16, as: UInt64.self))
      d = step(d, bytes.loadUnaligned(fromByteOffset: index + 24, as: UInt64.self))
      index += 32
    }
    while index < bytes.count {
      a = step(a, UInt64(bytes[index]))
      index += 1
    }
    return mix(mix(mix(a ^ UInt64(truncatingIfNeeded: bytes.count)) &+ b) ^ mix(c &+ prime)) &+ mix(d)
  }

  /// A row's share in its segment's digest.
  static func share(of digest: UInt64, at row: Int) -> UInt64 {
    mix(digest ^ mix(UInt64(truncatingIfNeeded: row) &+ prime))
  }

  private static func step(_ state: UInt64, _ word: UInt64) -> UInt64 {
    let product = (state ^ word) &* prime
    return product ^ product >> 29
  }

  private static func mix(_ value: UInt64) -> UInt64 {
    // The finisher of SplitMix64 (Steele, Lea, Flood 2014).
    var z = value
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
