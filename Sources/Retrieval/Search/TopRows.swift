/// The best of the rows that were offered, for one thread: what is kept does not depend on the order.
final class TopRows {
  let limit: Int
  private let capacity: Int
  private let keys: UnsafeMutablePointer<UInt64>
  // One thread at a time, and no call within a call: the checks would cost a tenth of a batch's time.
  @exclusivity(unchecked) private(set) var count = 0
  /// Keys up to this one are not among the best; 0 while there is room for any.
  @exclusivity(unchecked) private var floor: UInt64 = 0

  /// - Parameter limit: rows to keep, at least 1.
  init(limit: Int) {
    self.limit = max(limit, 1)
    capacity = 2 * self.limit + 64
    keys = UnsafeMutablePointer.allocate(capacity: capacity)
  }

  deinit { keys.deallocate() }

  /// Whether rows had to give way to better ones.
  var isFull: Bool { floor != 0 }

  /// Scores up to this one need not be offered if their rows come after all offered ones.
  var scoreFloor: Float { floor == 0 ? -.infinity : RowKey(bits: floor).score }

  /// Penalties from this one on need not be offered if their rows come after all offered ones.
  var penaltyCeiling: UInt16 { floor == 0 ? .max : RowKey(bits: floor).penalty }

  func offer(_ key: RowKey) {
    guard key.bits > floor else { return }
    keys[count] = key.bits
    count += 1
    if count == capacity { shrink() }
  }

  func offer(contentsOf other: TopRows) {
    for index in 0..<other.count { offer(RowKey(bits: other.keys[index])) }
  }

  /// What is kept, some more perhaps, in any order.
  func visit(_ body: (RowKey) -> Void) {
    for index in 0..<count { body(RowKey(bits: keys[index])) }
  }

  /// The best, best first.
  func sorted() -> [RowKey] {
    shrink()
    var all = UnsafeMutableBufferPointer(start: keys, count: count)
    all.sort(by: >)
    return all.map { RowKey(bits: $0) }
  }

  /// Keeps the best `limit` only.
  private func shrink() {
    guard count > limit else { return }
    partition(UnsafeMutableBufferPointer(start: keys, count: count), best: limit)
    count = limit
    var least = UInt64.max
    for index in 0..<count { least = min(least, keys[index]) }
    floor = least
  }
}

/// Moves the `best` largest of different numbers to the front, in any order (quickselect, Hoare 1961).
private func partition(_ keys: UnsafeMutableBufferPointer<UInt64>, best: Int) {
  var low = 0
  var high = keys.count - 1
  // Middles of three do badly on few inputs only; those are sorted.
  var patience = 64
  while low < high {
    guard patience > 0 else {
      var rest = UnsafeMutableBufferPointer(rebasing: keys[low...high])
      rest.sort(by: >)
      return
    }
    patience -= 1
    let a = keys[low]
    let b = keys[low + (high - low) / 2]
    let c = keys[high]
    let pivot = max(min(a, b), min(max(a, b), c))
    var left = low
    var right = high
    while left <= right {
      while keys[left] > pivot { left += 1 }
      while keys[right] < pivot { right -= 1 }
      if left <= right {
        keys.swapAt(left, right)
        left += 1
        right -= 1
      }
    }
    // keys[low...right] ≥ pivot ≥ keys[left...high], and what lies between equals it.
    if best - 1 <= right {
      high = right
    } else if best - 1 >= left {
      low = left
    } else {
      return
    }
  }
}
