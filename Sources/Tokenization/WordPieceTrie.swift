/// The vocabulary as a tree of bytes, to find the longest piece that a word goes on with.
///
/// Nodes are numbered level by level, so that a node's children have consecutive numbers and are
/// sorted by their byte: 9 bytes for each node.
struct WordPieceTrie: Sendable {
  /// The byte that leads to each node.
  private var labels: [UInt8] = [0]
  /// Number of each node's first child; the children end where the next node's begin.
  private var firstChild: [UInt32] = []
  /// Id of the piece that ends at each node, or -1.
  private var ids: [Int32] = []

  static let root = 0

  /// - Parameter pieces: text and id of each; none empty. Of equal texts the last one counts.
  init(_ pieces: [(text: ArraySlice<UInt8>, id: Int32)]) {
    let sorted = pieces.enumerated().sorted { one, two in
      if one.element.text.lexicographicallyPrecedes(two.element.text) { return true }
      if two.element.text.lexicographicallyPrecedes(one.element.text) { return false }
      return one.offset < two.offset
    }.map(\.element)
    /// The pieces below a node, all of which share their first `depth` bytes.
    var below: [Range<Int>] = [0..<sorted.count]
    var depth = 0
    var levelEnd = 1
    var node = 0
    while node < below.count {
      if node == levelEnd {
        depth += 1
        levelEnd = below.count
      }
      var rest = below[node]
      var id: Int32 = -1
      while let first = rest.first, sorted[first].text.count == depth {
        id = sorted[first].id
        rest = rest.dropFirst()
      }
      ids.append(id)
      firstChild.append(UInt32(labels.count))
      while let first = rest.first {
        let label = Self.byte(of: sorted[first].text, at: depth)
        // The end of those with the same byte, by halving.
        var low = first + 1
        var high = rest.upperBound
        while low < high {
          let middle = low + (high - low) / 2
          if Self.byte(of: sorted[middle].text, at: depth) == label {
            low = middle + 1
          } else {
            high = middle
          }
        }
        labels.append(label)
        below.append(first..<low)
        rest = low..<rest.upperBound
      }
      node += 1
    }
    firstChild.append(UInt32(labels.count))
  }

  private static func byte(of text: ArraySlice<UInt8>, at depth: Int) -> UInt8 {
    text[text.startIndex + depth]
  }

  /// The node that `label` leads to.
  private func child(of node: Int, _ label: UInt8) -> Int? {
    var low = Int(firstChild[node])
    var high = Int(firstChild[node + 1])
    while low < high {
      let middle = (low + high) / 2
      if labels[middle] < label { low = middle + 1 } else { high = middle }
    }
    return low < Int(firstChild[node + 1]) && labels[low] == label ? low : nil
  }

  /// The node that `text` leads to from the root; nil if no piece begins with it.
  func node(of text: some Sequence<UInt8>) -> Int? {
    var node: Int? = Self.root
    for byte in text {
      guard let here = node else { return nil }
      node = child(of: here, byte)
    }
    return node
  }

  /// The longest piece that begins at `position`, read from `start` on.
  ///
  /// - Returns: its id and where it ends; nil if no piece begins there.
  func longestMatch(
    in word: [UInt8], at position: Int, from start: Int
  ) -> (id: Int32, end: Int)? {
    var found: (id: Int32, end: Int)?
    var node = start
    var index = position
    while index < word.count, let next = child(of: node, word[index]) {
      node = next
      index += 1
      if ids[node] >= 0 { found = (ids[node], index) }
    }
    return found
  }
}
