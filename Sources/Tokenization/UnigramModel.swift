/// A SentencePiece unigram model as this module understands it, whichever file it came from.
///
/// Both kinds of file are parsed into this value, checked, and written out again for the library,
/// so that nothing it does not check itself (it trusts the character map, and some faults make it
/// abort) reaches it from a file.
struct UnigramModel {
  /// Numbered as in SentencePiece's model format.
  enum PieceType: UInt8 {
    case normal = 1
    case unknown = 2
    case control = 3
    case userDefined = 4
    case unused = 5
    case byte = 6
  }

  /// UTF-8 text of all pieces, one after the other, in SentencePiece's order.
  private(set) var text: [UInt8] = []
  /// Where each piece ends in `text`.
  private(set) var ends: [Int] = []
  /// Log probability of each piece.
  private(set) var scores: [Float] = []
  private(set) var types: [PieceType] = []

  /// SentencePiece's precompiled character map; empty for none.
  var characterMap: [UInt8] = []
  var addsDummyPrefix = true
  var removesExtraWhitespace = true
  /// Unknown characters become byte pieces "<0xHH>".
  var byteFallback = false
  /// Whether the id after the last piece is `<mask>`.
  var hasMask = true
  /// Nil if a tokenizer.json frames pairs in a way that is not supported, or not at all.
  var pairFrame: PairFrame? = .roberta

  var count: Int { ends.count }

  func piece(_ index: Int) -> ArraySlice<UInt8> {
    text[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }

  mutating func reserve(pieces: Int, textBytes: Int) {
    text.reserveCapacity(textBytes)
    ends.reserveCapacity(pieces)
    scores.reserveCapacity(pieces)
    types.reserveCapacity(pieces)
  }

  mutating func append(_ piece: some Collection<UInt8>, score: Float, type: PieceType) {
    text.append(contentsOf: piece)
    ends.append(text.count)
    scores.append(score)
    types.append(type)
  }
}

extension UnigramModel {
  /// Texts that stand for special tokens.
  static let specialTexts: [StaticString] = ["<unk>", "<s>", "</s>", "<pad>", "<mask>"]

  /// Checks everything the library or the id mapping relies on.
  func check() throws(ModelFault) {
    guard count <= 1 << 24 else { throw .unreadable("has \(count) pieces; at most 2^24 are read") }
    try checkLayout()
    try checkPieces()
    try CharacterMap.check(characterMap)
  }

  /// The mapping to Hugging Face ids holds for one order of the special pieces only.
  private func checkLayout() throws(ModelFault) {
    let expected: [(StaticString, PieceType)] = [
      ("<unk>", .unknown), ("<s>", .control), ("</s>", .control),
    ]
    for (index, (name, type)) in expected.enumerated() {
      if index < count, types[index] == type, piece(index).elementsEqual(name.bytes) { continue }
      let found = (0..<min(3, count)).map { "\(describe($0)) at \($0)" }.joined(separator: ", ")
      throw .unsupported(
        "needs <unk>, <s>, </s> as pieces 0, 1, 2 (the layout of XLM-RoBERTa), but has "
          + (found.isEmpty ? "no pieces" : found))
    }
    guard count > expected.count else { throw .unsupported("has no pieces but the special ones") }
  }

  private func checkPieces() throws(ModelFault) {
    guard text.isValidUTF8 else { throw .unreadable("has a piece that is not valid UTF-8") }
    var start = 0
    for index in 0..<count {
      let end = ends[index]
      defer { start = end }
      guard end > start else { throw .unreadable("piece \(index) is empty") }
      // Together with the check of all the text: each piece for itself is valid.
      guard text[start] & 0xC0 != 0x80 else {
        throw .unreadable("piece \(index) is not valid UTF-8")
      }
      guard scores[index].isFinite else {
        throw .unreadable("piece \(index) has a score that is not finite")
      }
      // The library keeps pieces as C strings.
      guard !text[start..<end].contains(0) else {
        throw .unsupported("piece \(index) holds a NUL character")
      }
      switch types[index] {
      case .normal, .unused:
        if text[start] == UInt8(ascii: "<"),
          Self.specialTexts.contains(where: { text[start..<end].elementsEqual($0.bytes) })
        {
          throw .unsupported(
            "\(describe(index)) at \(index) could be typed by a user, but names a special token")
        }
      case .userDefined:
        // Such pieces are cut out of the text before normalisation; no XLM-RoBERTa model has any,
        // and tokenizer.json cannot say them.
        throw .unsupported("\(describe(index)) at \(index) is a user-defined piece")
      case .byte:
        guard byteFallback else {
          throw .unreadable("piece \(index) is a byte piece, but byte_fallback is off")
        }
      case .unknown:
        guard index == 0 else {
          throw .unreadable("\(describe(index)) at \(index) is a second unknown piece")
        }
      case .control: break
      }
    }
  }

  /// A piece for an error message: its text and type.
  private func describe(_ index: Int) -> String {
    "\(String(decoding: piece(index).prefix(64), as: UTF8.self)) (\(types[index]))"
  }
}

extension StaticString {
  /// The bytes of a literal.
  var bytes: UnsafeBufferPointer<UInt8> {
    UnsafeBufferPointer(start: utf8Start, count: utf8CodeUnitCount)
  }
}

extension Array<UInt8> {
  var isValidUTF8: Bool { (try? UTF8Span(validating: span)) != nil }
}
