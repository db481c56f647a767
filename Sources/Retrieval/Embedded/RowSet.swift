/// A set of row numbers below `capacity`, one bit a row.
struct RowSet: Sendable, Equatable {
  private(set) var words: [UInt64]
  let capacity: Int

  init(capacity: Int) {
    self.capacity = capacity
    words = [UInt64](repeating: 0, count: (capacity + 63) / 64)
  }

  mutating func insert(_ row: Int) {
    guard row >= 0, row < capacity else { return }
    words[row >> 6] |= 1 << UInt64(row & 63)
  }

  func contains(_ row: Int) -> Bool {
    row >= 0 && row < capacity && words[row >> 6] >> UInt64(row & 63) & 1 == 1
  }

  mutating func formIntersection(_ other: RowSet) {
    for index in words.indices { words[index] &= index < other.words.count ? other.words[index] : 0 }
  }

  mutating func formUnion(_ other: RowSet) {
    for index in words.indices where index < other.words.count { words[index] |= other.words[index] }
  }

  /// Every row that is not in the set; bits behind the capacity may be set.
  mutating func invert() {
    for index in words.indices { words[index] = ~words[index] }
  }

  /// This set up to `words.count` words of `from`, and `later` from there on.
  func replacingWords(from start: Int, by later: RowSet) -> RowSet {
    var result = later
    for index in 0..<min(start, words.count, result.words.count) { result.words[index] = words[index] }
    return result
  }
}
