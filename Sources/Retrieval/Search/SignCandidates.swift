/// How many rows of a sample have which penalty, for one thread and query.
final class PenaltyCounts {
  private let counts: UnsafeMutableBufferPointer<UInt32>

  /// - Parameter words: of a row; a penalty is at most 3 for each bit.
  init(words: Int) {
    counts = .allocate(capacity: words * 64 * 3 + 1)
    counts.initialize(repeating: 0)
  }

  deinit { counts.deallocate() }

  func add(_ penalties: UnsafePointer<UInt16>, _ count: Int, _ live: UnsafePointer<UInt64>?) {
    for row in 0..<count {
      if let live, live[row / 64] >> UInt64(row % 64) & 1 == 0 { continue }
      counts[Int(penalties[row])] &+= 1
    }
  }

  /// - Returns: the penalty below which `wanted` rows of all parts lie, or more; the largest if there
  ///   are not so many.
  static func ceiling(_ parts: [PenaltyCounts], wanted: Int) -> UInt16 {
    var sum = 0
    for penalty in 0..<(parts.first?.counts.count ?? 0) {
      for part in parts { sum += Int(part.counts[penalty]) }
      if sum >= wanted { return UInt16(clamping: penalty + 1) }
    }
    return .max
  }
}

enum SignCandidates {
  /// The `count` best rows of all parts: of equal penalties the smaller rows. Rows keep the order in
  /// which they were offered as far as possible.
  ///
  /// - Parameter parts: each keeps at least `count` rows, if it was offered so many.
  static func select(_ parts: [TopRows], count: Int) -> [UInt32] {
    var counts: [Int] = []
    var isScattered = false
    for part in parts {
      isScattered = isScattered || part.isFull
      part.visit { key in
        let penalty = Int(key.penalty)
        if penalty >= counts.count {
          counts += Array(repeating: 0, count: penalty + 1 - counts.count)
        }
        counts[penalty] += 1
      }
    }
    var sum = 0
    var last = 0
    while last < counts.count, sum + counts[last] <= count {
      sum += counts[last]
      last += 1
    }
    var rows: [UInt32] = []
    var equal: [UInt32] = []
    rows.reserveCapacity(count)
    for part in parts {
      part.visit { key in
        if key.penalty < last {
          rows.append(key.row)
        } else if key.penalty == last {
          equal.append(key.row)
        }
      }
    }
    equal.sort()
    rows += equal.prefix(count - sum)
    if isScattered { rows.sort() }
    return rows
  }
}
