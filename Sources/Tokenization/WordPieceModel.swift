/// A BERT tokenizer as this module understands it, whichever files it came from.
struct WordPieceModel: Sendable {
  var vocabulary: WordPieceVocabulary
  var normalization = BertNormalization()
  /// Longer words are unknown, in characters after normalisation.
  var charactersPerWord = 100
  /// Nil if a tokenizer.json frames pairs in another way than BERT, or not at all.
  var pairFrame: PairFrame? = .bert
  /// Further special tokens, which no text is matched against.
  var specialIDs: [Int32] = []

  static let unknown = "[UNK]"
  static let begin = "[CLS]"
  static let end = "[SEP]"
  static let pad = "[PAD]"
  static let mask = "[MASK]"
  /// Before pieces that go on with a word.
  static let continuation = "##"

  /// - Throws: `unsupportedModel` naming the special token that is absent.
  func specialTokens() throws(ModelFault) -> SpecialTokens {
    SpecialTokens(
      begin: try id(Self.begin), pad: try id(Self.pad), end: try id(Self.end),
      unknown: try id(Self.unknown), mask: vocabulary.id(of: Self.mask))
  }

  private func id(_ token: String) throws(ModelFault) -> Int32 {
    guard let id = vocabulary.id(of: token) else {
      throw .unsupported("has no token \(token); BERT's special tokens are needed")
    }
    return id
  }

  /// All pieces that text can turn into: not the special tokens.
  func trie(_ special: SpecialTokens) -> WordPieceTrie {
    let named = [special.begin, special.pad, special.end, special.unknown, special.mask]
    let excluded = Set(named.compactMap { $0 } + specialIDs)
    var pieces: [(text: ArraySlice<UInt8>, id: Int32)] = []
    pieces.reserveCapacity(vocabulary.count)
    for number in 0..<vocabulary.count {
      let id = Int32(truncatingIfNeeded: number)
      guard let text = vocabulary.token(number), !text.isEmpty, !excluded.contains(id) else {
        continue
      }
      pieces.append((text, id))
    }
    return WordPieceTrie(pieces)
  }
}
