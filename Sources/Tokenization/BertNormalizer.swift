/// What `BertNormalizer` of the tokenizers library is told.
struct BertNormalization: Sendable, Equatable {
  /// Control characters go, all whitespace becomes a space.
  var cleansText = true
  /// Han characters become words of their own.
  var isolatesHan = true
  /// Characters are decomposed and nonspacing marks go; nil: as `lowercases`.
  var stripsAccents: Bool?
  var lowercases = true
}

/// Largest text, in bytes. Positions have 24 bits.
let bertTextLimit = 16 << 20

/// Where the words of a text go.
protocol BertWordSink {
  /// One character of the word, and the bytes of the text it stands for. Ranges never step back.
  mutating func add(_ scalar: UInt32, from start: UInt32, to end: UInt32)
  /// The word, if there is one, is complete.
  mutating func endWord()
}

/// Turns a text into BERT's words, character by character.
///
/// The steps and their order are those of the tokenizers library: clean, isolate Han, decompose and
/// strip, lowercase, split at whitespace and around punctuation. So are the ranges: a character
/// made from another has its range; where marks change places, the range stays with the place.
struct BertNormalizer<Sink: BertWordSink> {
  private(set) var sink: Sink
  /// Whether anything from `changesFrom` on is not as it was.
  private(set) var hasChanged = false
  private let changesFrom: UInt32

  private let characters = BertCharacters.shared
  private let cleansText: Bool
  private let isolatesHan: Bool
  private let decomposes: Bool
  private let lowercases: Bool

  /// Whether the last character was a space, or there was none: a space there goes without trace.
  private var afterSpace = true
  private var lastStart: UInt32 = 0

  /// Marks that may still change places.
  private var marks: [Mark] = []
  /// Ranges of the characters that `marks` came from, in the order of the text.
  private var places: [Place] = []
  /// Range of the character whose place was last taken.
  private var place = Place(start: 0, end: 0)

  private struct Place {
    var start: UInt32
    var end: UInt32
  }

  /// One word, as a hostile text has millions: class (8 bits), order in the text (24), whether it
  /// takes a character's place or shares the one before (1), character (21).
  private struct Mark {
    let bits: UInt64

    init(_ scalar: UInt32, combiningClass: UInt8, order: Int, takesPlace: Bool) {
      bits =
        UInt64(combiningClass) << 56 | UInt64(truncatingIfNeeded: order & 0xFF_FFFF) << 32
        | (takesPlace ? 1 << 31 : 0) | UInt64(scalar)
    }

    var scalar: UInt32 { UInt32(truncatingIfNeeded: bits) & 0x1F_FFFF }
    var takesPlace: Bool { bits & 1 << 31 != 0 }
  }

  /// - Parameter offset: changes of the text before this byte are not reported.
  init(_ settings: BertNormalization, sink: Sink, reportingChangesFrom offset: Int) {
    self.sink = sink
    changesFrom = UInt32(clamping: offset)
    cleansText = settings.cleansText
    isolatesHan = settings.isolatesHan
    decomposes = settings.stripsAccents ?? settings.lowercases
    lowercases = settings.lowercases
  }

  /// Reads all of a text of valid UTF-8, at most ``bertTextLimit`` bytes of it.
  mutating func read(_ text: UnsafeBufferPointer<UInt8>) {
    var position = 0
    let count = min(text.count, bertTextLimit)
    while position < count {
      let start = UInt32(truncatingIfNeeded: position)
      let scalar = Self.decode(text, &position)
      lastStart = start
      if scalar < 0x80 {
        readASCII(scalar, start)
      } else {
        readScalar(scalar, start, UInt32(truncatingIfNeeded: position))
      }
    }
    placeMarks()
    sink.endWord()
    if afterSpace, !text.isEmpty { noteChange(at: lastStart) }
  }

  /// Any bytes are read as something; a text of valid UTF-8 as itself.
  private static func decode(_ text: UnsafeBufferPointer<UInt8>, _ position: inout Int) -> UInt32 {
    let first = UInt32(text[position])
    position += 1
    guard first >= 0xC0 else { return first }
    let more = first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3
    var scalar = first & (0x3F >> UInt32(more))
    for _ in 0..<more where position < text.count {
      scalar = scalar << 6 | UInt32(text[position] & 0x3F)
      position += 1
    }
    return scalar
  }

  private mutating func noteChange(at offset: UInt32) {
    if offset >= changesFrom { hasChanged = true }
  }

  private mutating func readASCII(_ scalar: UInt32, _ start: UInt32) {
    switch scalar {
    case 0x61...0x7A, 0x30...0x39:
      if !marks.isEmpty { placeMarks() }
      afterSpace = false
      sink.add(scalar, from: start, to: start + 1)
    case 0x41...0x5A:
      if !marks.isEmpty { placeMarks() }
      afterSpace = false
      if lowercases { noteChange(at: start) }
      sink.add(lowercases ? scalar + 0x20 : scalar, from: start, to: start + 1)
    case 0x20:
      if !marks.isEmpty { placeMarks() }
      if afterSpace { noteChange(at: start) }
      afterSpace = true
      sink.endWord()
    default: readScalar(scalar, start, start + 1)
    }
  }

  private mutating func readScalar(_ scalar: UInt32, _ start: UInt32, _ end: UInt32) {
    let entry = characters.entry(scalar)
    if entry.isRemoved, cleansText {
      noteChange(at: start)
      return
    }
    if entry.isSpace {
      placeMarks()
      noteChange(at: start)
      afterSpace = true
      sink.endWord()
      return
    }
    afterSpace = false
    if BertCharacters.isHan(scalar), isolatesHan {
      placeMarks()
      sink.endWord()
      decompose(scalar, entry, start, end)
      sink.endWord()
    } else {
      decompose(scalar, entry, start, end)
    }
  }

  private mutating func decompose(
    _ scalar: UInt32, _ entry: BertCharacters.Entry, _ start: UInt32, _ end: UInt32
  ) {
    guard decomposes else {
      place = Place(start: start, end: end)
      lowercase(scalar, entry)
      return
    }
    if (0xAC00...0xD7A3).contains(scalar) {
      noteChange(at: start)
      placeMarks()
      place = Place(start: start, end: end)
      decomposeHangul(scalar - 0xAC00)
      return
    }
    let parts = characters.decomposition(entry)
    guard let first = parts.first else {
      take(scalar, entry, start, end)
      return
    }
    noteChange(at: start)
    take(first, characters.entry(first), start, end)
    for part in parts.dropFirst() {
      let entry = characters.entry(part)
      if entry.combiningClass == 0 {
        placeMarks()
        strip(part, entry)
      } else {
        addMark(part, entry, takesPlace: false)
      }
    }
  }

  /// Unicode, section 3.12: syllable `index` is a leading consonant, a vowel, and one or no
  /// trailing consonant.
  private mutating func decomposeHangul(_ index: UInt32) {
    sink.add(0x1100 + index / 588, from: place.start, to: place.end)
    sink.add(0x1161 + index % 588 / 28, from: place.start, to: place.end)
    let trailing = index % 28
    if trailing > 0 { sink.add(0x11A7 + trailing, from: place.start, to: place.end) }
  }

  /// A character that takes the next place in the text.
  private mutating func take(
    _ scalar: UInt32, _ entry: BertCharacters.Entry, _ start: UInt32, _ end: UInt32
  ) {
    if entry.combiningClass == 0 {
      placeMarks()
      place = Place(start: start, end: end)
      strip(scalar, entry)
    } else {
      places.append(Place(start: start, end: end))
      addMark(scalar, entry, takesPlace: true)
    }
  }

  private mutating func addMark(
    _ scalar: UInt32, _ entry: BertCharacters.Entry, takesPlace: Bool
  ) {
    marks.append(
      Mark(
        scalar, combiningClass: entry.combiningClass, order: marks.count, takesPlace: takesPlace))
  }

  /// Puts the marks behind a starter into canonical order (Unicode, section 3.11).
  private mutating func placeMarks() {
    guard !marks.isEmpty else { return }
    if marks.count > 1, zip(marks, marks.dropFirst()).contains(where: { $0.bits > $1.bits }) {
      // No two are equal, so this is a stable order by class.
      marks.sort { $0.bits < $1.bits }
      noteChange(at: places.last?.start ?? place.start)
    }
    var next = 0
    for mark in marks {
      if mark.takesPlace, next < places.count {
        place = places[next]
        next += 1
      }
      strip(mark.scalar, characters.entry(mark.scalar))
    }
    marks.removeAll(keepingCapacity: true)
    places.removeAll(keepingCapacity: true)
  }

  private mutating func strip(_ scalar: UInt32, _ entry: BertCharacters.Entry) {
    if entry.isMark {
      noteChange(at: place.start)
    } else {
      lowercase(scalar, entry)
    }
  }

  private mutating func lowercase(_ scalar: UInt32, _ entry: BertCharacters.Entry) {
    guard lowercases else {
      split(scalar, entry)
      return
    }
    if scalar == 0x130 {
      // The one capital with two characters for its small letter.
      noteChange(at: place.start)
      sink.add(0x69, from: place.start, to: place.end)
      sink.add(0x307, from: place.start, to: place.end)
      return
    }
    let small = characters.smallLetter(scalar, entry)
    if small != scalar { noteChange(at: place.start) }
    split(small, entry)
  }

  /// - Parameter entry: of the character or of its capital: letters are no punctuation.
  private mutating func split(_ scalar: UInt32, _ entry: BertCharacters.Entry) {
    if entry.isPunctuation {
      sink.endWord()
      sink.add(scalar, from: place.start, to: place.end)
      sink.endWord()
    } else {
      sink.add(scalar, from: place.start, to: place.end)
    }
  }
}
