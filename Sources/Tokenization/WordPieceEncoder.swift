/// Cuts words into the longest pieces of the vocabulary, from left to right.
///
/// Source: M. Schuster, K. Nakajima, "Japanese and Korean voice search", 2012; the greedy search is
/// BERT's.
struct WordPieceEncoder: BertWordSink {
  private(set) var pieces = Pieces(
    ids: [], ranges: [], unknownCount: 0, normalizationChanged: false)
  private let trie: WordPieceTrie
  /// Where pieces that go on with a word begin in the trie; nil if there are none.
  private let continuationRoot: Int?
  private let unknownID: Int32
  private let charactersPerWord: Int

  /// The word so far; at most `charactersPerWord` of its characters are kept.
  private var word: [UInt8] = []
  /// Range in the text for each byte of `word`.
  private var starts: [UInt32] = []
  private var ends: [UInt32] = []
  private var characters = 0
  private var wordStart: UInt32 = 0
  private var wordEnd: UInt32 = 0

  init(trie: WordPieceTrie, continuationRoot: Int?, unknownID: Int32, charactersPerWord: Int) {
    self.trie = trie
    self.continuationRoot = continuationRoot
    self.unknownID = unknownID
    self.charactersPerWord = charactersPerWord
  }

  mutating func add(_ scalar: UInt32, from start: UInt32, to end: UInt32) {
    if characters == 0 { wordStart = start }
    wordEnd = end
    characters += 1
    guard characters <= charactersPerWord else { return }
    switch scalar {
    case 0..<0x80: append(scalar, start, end)
    case 0x80..<0x800:
      append(0xC0 | scalar >> 6, start, end)
      append(0x80 | scalar & 0x3F, start, end)
    case 0x800..<0x10000:
      append(0xE0 | scalar >> 12, start, end)
      append(0x80 | scalar >> 6 & 0x3F, start, end)
      append(0x80 | scalar & 0x3F, start, end)
    default:
      append(0xF0 | scalar >> 18 & 0x07, start, end)
      append(0x80 | scalar >> 12 & 0x3F, start, end)
      append(0x80 | scalar >> 6 & 0x3F, start, end)
      append(0x80 | scalar & 0x3F, start, end)
    }
  }

  private mutating func append(_ byte: UInt32, _ start: UInt32, _ end: UInt32) {
    word.append(UInt8(truncatingIfNeeded: byte))
    starts.append(start)
    ends.append(end)
  }

  mutating func endWord() {
    guard characters > 0 else { return }
    if characters > charactersPerWord || !match() {
      append(id: unknownID, from: wordStart, to: wordEnd)
      pieces.unknownCount += 1
    }
    characters = 0
    word.removeAll(keepingCapacity: true)
    starts.removeAll(keepingCapacity: true)
    ends.removeAll(keepingCapacity: true)
  }

  /// Appends the pieces of the word; none if the vocabulary does not have all of it.
  private mutating func match() -> Bool {
    let before = pieces.ids.count
    var position = 0
    var root: Int? = WordPieceTrie.root
    while position < word.count {
      guard let start = root,
        let found = trie.longestMatch(in: word, at: position, from: start)
      else {
        pieces.ids.removeSubrange(before...)
        pieces.ranges.removeSubrange(before...)
        return false
      }
      append(id: found.id, from: starts[position], to: ends[found.end - 1])
      position = found.end
      root = continuationRoot
    }
    return true
  }

  /// A character that several pieces are made of belongs to the last of them.
  private mutating func append(id: Int32, from start: UInt32, to end: UInt32) {
    let lower = Int(start)
    if let last = pieces.ranges.last, last.upperBound > lower {
      pieces.ranges[pieces.ranges.count - 1] = min(last.lowerBound, lower)..<lower
    }
    pieces.ids.append(id)
    pieces.ranges.append(lower..<max(lower, Int(end)))
  }

  /// The pieces, with what the normalizer has to say.
  consuming func finished(normalizationChanged: Bool) -> Pieces {
    pieces.normalizationChanged = normalizationChanged
    return pieces
  }
}
