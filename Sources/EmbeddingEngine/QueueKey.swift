import HeapModule

/// A text's place in a queue: earliest `due` first, then arrival, then index.
struct QueueKey: Comparable, Sendable {
  let due: ContinuousClock.Instant
  /// Ids ascend in order of arrival.
  let call: Scheduler.CallID
  let index: Int

  static func < (a: QueueKey, b: QueueKey) -> Bool {
    if a.due != b.due { return a.due < b.due }
    if a.call != b.call { return a.call < b.call }
    return a.index < b.index
  }
}

/// A heap whose keys may go stale in place: a dropped text's key stays until it reaches the top.
///
/// Stale keys are counted and swept out once they outnumber the live ones, so memory follows the
/// live count.
struct LazyHeap: Sendable {
  typealias Calls = [Scheduler.CallID: Scheduler.Call]
  /// Whether a key still stands for work; it sees the calls and nothing else.
  typealias IsLive = @Sendable (QueueKey, Calls) -> Bool

  private var heap = Heap<QueueKey>()
  private var stale = 0
  private let isLive: IsLive

  init(isLive: @escaping IsLive) {
    self.isLive = isLive
  }

  /// Keys held, stale ones included.
  var storedCount: Int { heap.count }

  mutating func push(_ key: QueueKey) {
    heap.insert(key)
  }

  /// The first live key, which stays. O(1) plus O(log n) for each stale key met.
  mutating func first(in calls: Calls) -> QueueKey? {
    while let key = heap.min {
      if isLive(key, calls) { return key }
      heap.removeMin()
      stale -= 1
    }
    return nil
  }

  /// Removes the first live key. O(log n) for it and for each stale key met.
  mutating func pop(in calls: Calls) -> QueueKey? {
    guard let key = first(in: calls) else { return nil }
    heap.removeMin()
    return key
  }

  /// `count` keys have just gone stale. Amortised O(log n) each.
  mutating func noteStale(_ count: Int, in calls: Calls) {
    stale += count
    guard stale > 64, stale > heap.count / 2 else { return }
    heap = Heap(heap.unordered.filter { isLive($0, calls) })
    stale = 0
  }
}
