/// Texts computed together, packed without padding: T tokens of N texts.
public struct Block: Sendable {
  /// Token ids of all texts, one after the other (T).
  public private(set) var ids: [Int32]
  /// Cumulative token counts (N + 1): text n is `ids[starts[n]..<starts[n + 1]]`, `starts[0] == 0`.
  public private(set) var starts: [Int]

  public init() {
    ids = []
    starts = [0]
  }

  /// Adds one text, special tokens included.
  public mutating func append(_ ids: [Int32]) {
    self.ids.append(contentsOf: ids)
    starts.append(self.ids.count)
  }

  public mutating func removeAll(keepingCapacity: Bool = false) {
    ids.removeAll(keepingCapacity: keepingCapacity)
    starts.removeAll(keepingCapacity: keepingCapacity)
    starts.append(0)
  }

  /// N.
  public var textCount: Int { starts.count - 1 }
  /// T.
  public var tokenCount: Int { ids.count }
}
