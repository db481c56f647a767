/// Texts computed together, packed without padding: T tokens of N texts.
public struct Block: Sendable {
  /// Token ids of all texts, one after the other (T).
  public private(set) var ids: [Int32]
  /// Cumulative token counts (N + 1): text n is `ids[starts[n]..<starts[n + 1]]`, `starts[0] == 0`.
  public private(set) var starts: [Int]
  /// Where the tokens of type 1 begin in each text, up to its end (N); the text's end if it has none.
  public private(set) var secondStarts: [Int]

  public init() {
    ids = []
    starts = [0]
    secondStarts = []
  }

  /// Adds one text or pair, special tokens included.
  ///
  /// - Parameter secondStart: index in `ids` of the first token of type 1, 0 to `ids.count`; nil: all
  ///   tokens have the type 0.
  public mutating func append(_ ids: [Int32], secondStart: Int? = nil) {
    let first = self.ids.count
    self.ids.append(contentsOf: ids)
    starts.append(self.ids.count)
    secondStarts.append(first + min(max(secondStart ?? ids.count, 0), ids.count))
  }

  public mutating func removeAll(keepingCapacity: Bool = false) {
    ids.removeAll(keepingCapacity: keepingCapacity)
    starts.removeAll(keepingCapacity: keepingCapacity)
    starts.append(0)
    secondStarts.removeAll(keepingCapacity: keepingCapacity)
  }

  /// N.
  public var textCount: Int { starts.count - 1 }
  /// T.
  public var tokenCount: Int { ids.count }
}
