/// SentencePiece's precompiled character map: the normalisation rules of a model.
///
/// Layout: the byte count of a trie (4 bytes, little endian); the trie, a double array of 32-bit
/// units; then replacement strings, each ended by a NUL, to which the trie's values point. The
/// library follows units and values without looking at the array's bounds and keeps at most 32
/// matches per position, so all of it is checked here once, by walking every unit that some text
/// can reach.
///
/// On decomposed Hangul: the maps of XLM-RoBERTa and of the built-in model hold every conjoining
/// sequence L V and L V T (all 11 172, measured), so fully decomposed text gives the ids of
/// composed text without any step of ours. They do not hold a composed L V syllable followed by a
/// lone T, a form that no normalisation form has; Python's sentencepiece leaves it as it is, and so
/// do we.
enum CharacterMap {
  /// How many matches the library keeps for one position (`kMaxTrieResultsSize`).
  private static let matchLimit = 32
  /// Longest replacement in bytes with each space counted as the three of "▁"; equals
  /// CSP_REPLACEMENT_LIMIT. The longest of NFKC has 39.
  private static let replacementLimit = 64

  static func check(_ map: [UInt8]) throws(ModelFault) {
    if map.isEmpty { return }
    guard map.count > 4 else { throw broken }
    let trieBytes = (0..<4).reduce(0) { $0 | Int(map[$1]) << (8 * $1) }
    guard trieBytes % 4 == 0, trieBytes >= 1024, trieBytes <= map.count - 4 else { throw broken }
    let units = (0..<trieBytes / 4).map { index in
      (0..<4).reduce(UInt32(0)) { $0 | UInt32(map[4 + 4 * index + $1]) << UInt32(8 * $1) }
    }
    let replacements = Array(map[(4 + trieBytes)...])
    guard replacements.isValidUTF8 else { throw broken }
    var walk = Walk(units: units, replacements: replacements)
    try walk.run()
  }

  private static let broken = ModelFault.unreadable("has a damaged character map")

  /// Depth-first walk over the reachable units; a cycle, a jump out of the array and a value out of
  /// the replacements are faults.
  private struct Walk {
    let units: [UInt32]
    let replacements: [UInt8]
    private var state: [State]
    /// Most matches on any path from a unit downwards, itself included; once it is `.done`.
    private var matches: [UInt8]

    private enum State: UInt8 { case unseen, open, done }

    init(units: [UInt32], replacements: [UInt8]) {
      self.units = units
      self.replacements = replacements
      state = Array(repeating: .unseen, count: units.count)
      matches = Array(repeating: 0, count: units.count)
    }

    mutating func run() throws(ModelFault) {
      // (unit, next label to try)
      var path: [(unit: Int, label: Int)] = [(0, 0)]
      state[0] = .open
      _ = try base(of: 0)
      while let top = path.last {
        guard top.label < 256 else {
          try close(top.unit)
          path.removeLast()
          if let parent = path.last?.unit {
            matches[parent] = max(matches[parent], matches[top.unit])
          }
          continue
        }
        path[path.count - 1].label += 1
        let child = try base(of: top.unit) ^ top.label
        guard units[child] & 0x8000_00FF == UInt32(top.label) else { continue }
        switch state[child] {
        case .open: throw broken
        case .done: matches[top.unit] = max(matches[top.unit], matches[child])
        case .unseen:
          state[child] = .open
          path.append((child, 0))
        }
      }
    }

    /// Index to which labels of children are added (xor); all 256 of them lie in the array.
    private func base(of unit: Int) throws(ModelFault) -> Int {
      let bits = units[unit]
      let base = unit ^ Int((bits >> 10) << ((bits & 0x200) >> 6))
      guard base | 0xFF < units.count else { throw broken }
      return base
    }

    private mutating func close(_ unit: Int) throws(ModelFault) {
      state[unit] = .done
      guard unit != 0, units[unit] & 0x100 != 0 else { return }
      try checkReplacement(at: Int(units[try base(of: unit)] & 0x7FFF_FFFF))
      matches[unit] += 1
      guard matches[unit] <= matchLimit else { throw broken }
    }

    private func checkReplacement(at start: Int) throws(ModelFault) {
      guard start < replacements.count, replacements[start] & 0xC0 != 0x80 else { throw broken }
      var length = 0
      var index = start
      while index < replacements.count, length <= replacementLimit {
        if replacements[index] == 0 { return }
        length += replacements[index] == UInt8(ascii: " ") ? 3 : 1
        index += 1
      }
      throw broken
    }
  }
}
