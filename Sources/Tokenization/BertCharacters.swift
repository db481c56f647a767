/// What the BERT tokenizer does with each character, looked up in one step.
///
/// Built once, from ``BertCharacterTables``; Han, Hangul and private use are told by their ranges.
struct BertCharacters: Sendable {
  /// One character's entry, packed: combining class, bits, index of the decomposition, index of the
  /// distance to the small letter.
  struct Entry: Sendable {
    fileprivate(set) var bits: UInt32 = 0

    /// Canonical combining class; 0 for a starter.
    var combiningClass: UInt8 { UInt8(truncatingIfNeeded: bits) }
    /// White_Space; some of it is also removed.
    var isSpace: Bool { bits & 0x100 != 0 }
    /// Control, format or private use, or U+FFFD.
    var isRemoved: Bool { bits & 0x200 != 0 }
    var isPunctuation: Bool { bits & 0x400 != 0 }
    /// Nonspacing mark.
    var isMark: Bool { bits & 0x800 != 0 }

    fileprivate var decomposition: Int { Int(bits >> 12 & 0xFFF) }
    fileprivate var distance: Int { Int(bits >> 24) }

    fileprivate static let space: UInt32 = 0x100
    fileprivate static let removed: UInt32 = 0x200
    fileprivate static let punctuation: UInt32 = 0x400
    fileprivate static let mark: UInt32 = 0x800
  }

  static let shared = BertCharacters()

  /// Index into `pages` of each 256 characters below `pagedEnd`; page 0 is empty.
  private var pageIndex: [UInt16]
  private var pages: [Entry]
  /// Decomposition `i` is `parts[partsStart[i - 1]..<partsStart[i]]`.
  private var parts: [UInt32] = []
  private var partsStart: [UInt16] = [0]
  /// Distances to the small letter; the first is 0.
  private var distances: [Int32] = [0]

  /// Planes 0 to 2 are looked up; behind them there are only the rest of `removed` and `marks`.
  private static let pagedEnd: UInt32 = 0x30000
  private static let tags: ClosedRange<UInt32> = 0xE0020...0xE007F
  private static let variationSelectors: ClosedRange<UInt32> = 0xE0100...0xE01EF

  func entry(_ scalar: UInt32) -> Entry {
    guard scalar < Self.pagedEnd else { return Self.highEntry(scalar) }
    return pages[Int(pageIndex[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)]
  }

  private static func highEntry(_ scalar: UInt32) -> Entry {
    if scalar == 0xE0001 || tags.contains(scalar) { return Entry(bits: Entry.removed) }
    if variationSelectors.contains(scalar) { return Entry(bits: Entry.mark) }
    // Planes 15 and 16 but for the last two of each.
    let isPrivate = scalar >= 0xF0000 && scalar & 0xFFFF < 0xFFFE
    return Entry(bits: isPrivate ? Entry.removed : 0)
  }

  /// Full canonical decomposition; empty for a character that is its own, and for Hangul.
  func decomposition(_ entry: Entry) -> ArraySlice<UInt32> {
    let index = entry.decomposition
    guard index > 0 else { return [] }
    return parts[Int(partsStart[index - 1])..<Int(partsStart[index])]
  }

  /// The small letter; a character that has none stays as it is.
  func smallLetter(_ scalar: UInt32, _ entry: Entry) -> UInt32 {
    UInt32(truncatingIfNeeded: Int64(scalar) + Int64(distances[entry.distance]))
  }

  /// Han characters that BERT makes words of their own; the hole at U+2B820 is the library's.
  static func isHan(_ scalar: UInt32) -> Bool {
    guard scalar >= 0x3400 else { return false }
    switch scalar {
    case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0xF900...0xFAFF, 0x20000...0x2A6DF, 0x2A700...0x2B81F,
      0x2B920...0x2CEAF, 0x2F800...0x2FA1F:
      return true
    default: return false
    }
  }
}

extension BertCharacters {
  private init() {
    pageIndex = [UInt16](repeating: 0, count: Int(Self.pagedEnd >> 8))
    pages = [Entry](repeating: Entry(), count: 256)
    mark(BertCharacterTables.spaces, Entry.space)
    mark(BertCharacterTables.removed, Entry.removed)
    mark(BertCharacterTables.punctuation, Entry.punctuation)
    mark(BertCharacterTables.marks, Entry.mark)
    for scalar in UInt32(0xE000)...0xF8FF { add(Entry.removed, to: scalar) }
    readCombiningClasses()
    readSmallLetters()
    readDecompositions()
  }

  private mutating func add(_ bits: UInt32, to scalar: UInt32) {
    guard scalar < Self.pagedEnd else { return }
    let block = Int(scalar >> 8)
    if pageIndex[block] == 0 {
      pageIndex[block] = UInt16(pages.count >> 8)
      pages.append(contentsOf: repeatElement(Entry(), count: 256))
    }
    pages[Int(pageIndex[block]) << 8 | Int(scalar & 0xFF)].bits |= bits
  }

  private mutating func mark(_ table: StaticString, _ bits: UInt32) {
    var numbers = HexadecimalNumbers(table)
    var next: UInt32 = 0
    while let distance = numbers.next(), let count = numbers.next() {
      next += distance
      for scalar in next..<next + count { add(bits, to: scalar) }
      next += count
    }
  }

  private mutating func readCombiningClasses() {
    var numbers = HexadecimalNumbers(BertCharacterTables.combiningClasses)
    var next: UInt32 = 0
    while let distance = numbers.next(), let count = numbers.next(), let number = numbers.next() {
      next += distance
      for scalar in next..<next + count { add(number, to: scalar) }
      next += count
    }
  }

  private mutating func readSmallLetters() {
    var numbers = HexadecimalNumbers(BertCharacterTables.smallLetters)
    var first: UInt32 = 0
    while let distance = numbers.next(), let count = numbers.next(), let step = numbers.next(),
      let shift = numbers.next()
    {
      first += distance
      let signed = numbers.wasNegative ? -Int32(shift) : Int32(shift)
      let known = distances.firstIndex(of: signed)
      if known == nil { distances.append(signed) }
      let index = UInt32(known ?? distances.count - 1)
      for letter in 0..<count { add(index << 24, to: first + letter * step) }
    }
  }

  private mutating func readDecompositions() {
    var numbers = HexadecimalNumbers(BertCharacterTables.decompositions)
    var scalar: UInt32 = 0
    var isOpen = false
    while let number = numbers.next() {
      if numbers.endedBy == UInt8(ascii: "=") {
        if isOpen {
          partsStart.append(UInt16(parts.count))
          scalar += 1
        }
        isOpen = true
        scalar += number
        add(UInt32(partsStart.count) << 12, to: scalar)
      } else {
        parts.append(number)
      }
    }
    partsStart.append(UInt16(parts.count))
  }
}

/// Reads hexadecimal numbers one after the other; anything else separates them.
private struct HexadecimalNumbers {
  private let text: UnsafeBufferPointer<UInt8>
  private var position = 0
  /// Whether "-" stood before the last number.
  private(set) var wasNegative = false
  /// The byte behind the last number; 0 at the end.
  private(set) var endedBy: UInt8 = 0

  init(_ text: StaticString) {
    self.text = text.bytes
  }

  mutating func next() -> UInt32? {
    var value: UInt32?
    wasNegative = false
    while position < text.count {
      let byte = text[position]
      position += 1
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        value = (value ?? 0) << 4 | UInt32(byte - UInt8(ascii: "0"))
      case UInt8(ascii: "a")...UInt8(ascii: "f"):
        value = (value ?? 0) << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
      default:
        if let value {
          endedBy = byte
          return value
        }
        if byte == UInt8(ascii: "-") { wasNegative = true }
      }
    }
    endedBy = 0
    return value
  }
}
