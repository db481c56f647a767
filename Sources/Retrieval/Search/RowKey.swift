/// A row and its score in one number that orders as rows of a result do: the larger score first, and
/// of equal scores the smaller row.
struct RowKey: Equatable {
  let bits: UInt64

  init(bits: UInt64) { self.bits = bits }

  init(score: Float, row: UInt32) {
    let pattern = score.bitPattern
    // Of a negative number all bits turn, of a positive one the sign: then they order as integers.
    let ordered = pattern ^ (pattern >> 31 == 1 ? UInt32.max : 1 << 31)
    bits = UInt64(ordered) << 32 | UInt64(~row)
  }

  /// The smaller penalty is the better score.
  init(penalty: UInt16, row: UInt32) {
    bits = UInt64(~penalty) << 32 | UInt64(~row)
  }

  var row: UInt32 { ~UInt32(truncatingIfNeeded: bits) }

  var score: Float {
    let ordered = UInt32(truncatingIfNeeded: bits >> 32)
    return Float(bitPattern: ordered ^ (ordered >> 31 == 1 ? 1 << 31 : UInt32.max))
  }

  var penalty: UInt16 { ~UInt16(truncatingIfNeeded: bits >> 32) }
}
