import ModelFiles

/// BERT's tokenizer: WordPiece with the ids of the tokenizers library for every text. One object
/// serves all threads.
///
/// A text never becomes a special token: "[SEP]" typed by a user is three words, as with the
/// library's `encode_special_tokens`. A text can have at most 16 MiB.
public final class WordPieceTokenizer: Tokenizer {
  public let specialTokens: SpecialTokens
  public let pairFrame: PairFrame?
  private let vocabulary: WordPieceVocabulary
  private let trie: WordPieceTrie
  private let continuationRoot: Int?
  private let normalization: BertNormalization
  private let charactersPerWord: Int

  public var vocabularySize: Int { vocabulary.count }

  /// Loads a `vocab.txt`.
  ///
  /// - Parameters:
  ///   - configuration: the `tokenizer_config.json` beside it; nil for BERT's own settings
  ///     (lowercased, accents stripped).
  /// - Throws: `unreadableModel` for damaged files, `unsupportedModel` for settings that cannot be
  ///   followed exactly or absent special tokens.
  public convenience init(
    vocabulary path: String, configuration: String?
  ) throws(TokenizationError) {
    let settings = try WordPieceConfiguration(file: configuration)
    let bytes = try TokenizerFileBytes.read(path)
    try self.init(name: path) { () throws(ModelFault) in
      let read = bytes.withUnsafeBufferPointer { bytes in
        Result { () throws(ModelFault) in try WordPieceVocabulary(lines: bytes) }
      }
      var model = WordPieceModel(vocabulary: try read.get())
      model.normalization = try settings.normalizationOfVocabulary()
      return model
    }
  }

  /// Loads a `tokenizer.json` of type WordPiece.
  ///
  /// - Parameter configuration: the `tokenizer_config.json` beside it, whose settings decide where
  ///   they do for transformers.
  /// - Throws: as for a `vocab.txt`; anything but BERT's normalizer, pre-tokenizer and framing is
  ///   an `unsupportedModel` that names it.
  public convenience init(
    json path: String, configuration: String?
  ) throws(TokenizationError) {
    let settings = try WordPieceConfiguration(file: configuration)
    try self.init(jsonBytes: TokenizerFileBytes.read(path), configuration: settings, name: path)
  }

  convenience init(
    jsonBytes: [UInt8], configuration: WordPieceConfiguration, name: String
  ) throws(TokenizationError) {
    try self.init(name: name) { () throws(ModelFault) in
      let read = jsonBytes.withUnsafeBufferPointer { bytes in
        Result { () throws(ModelFault) in
          try WordPieceModel(tokenizerJSON: bytes, configuration: configuration)
        }
      }
      return try read.get()
    }
  }

  init(
    name: String, parse: () throws(ModelFault) -> WordPieceModel
  ) throws(TokenizationError) {
    let model: WordPieceModel
    do {
      model = try parse()
      specialTokens = try model.specialTokens()
    } catch {
      throw error.named(name)
    }
    vocabulary = model.vocabulary
    pairFrame = model.pairFrame
    normalization = model.normalization
    charactersPerWord = model.charactersPerWord
    trie = model.trie(specialTokens)
    continuationRoot = trie.node(of: WordPieceModel.continuation.utf8)
  }

  public func pieces(of text: String) throws(TokenizationError) -> Pieces {
    try pieces(of: text, reportingChangesFrom: 0)
  }

  public func pieces(
    of text: String, reportingChangesFrom offset: Int
  ) throws(TokenizationError) -> Pieces {
    // A native string hands out its own bytes here; nothing is copied.
    var text = text
    let count = text.utf8.count
    guard count <= bertTextLimit else {
      throw TokenizationError(
        code: .tooLong,
        message: "the text has \(count) bytes; at most \(bertTextLimit) can be tokenized, "
          + "so split it first")
    }
    return text.withUTF8 { bytes in
      var normalizer = BertNormalizer(
        normalization,
        sink: WordPieceEncoder(
          trie: trie, continuationRoot: continuationRoot, unknownID: specialTokens.unknown,
          charactersPerWord: charactersPerWord),
        reportingChangesFrom: max(0, offset))
      normalizer.read(bytes)
      return normalizer.sink.finished(normalizationChanged: normalizer.hasChanged)
    }
  }

  public func pieceText(_ id: Int32) -> String? {
    vocabulary.token(Int(id)).map { String(decoding: $0, as: UTF8.self) }
  }
}
