import CSentencePiece
import ModelFiles

/// A SentencePiece unigram tokenizer with XLM-RoBERTa's ids. One object serves all threads.
///
/// Ids are those of SentencePiece 0.2.2 and later for every text, whichever version is installed
/// (`best_path.h` in CSentencePiece says how). A text can have at most 16 MiB.
public final class SentencePieceTokenizer: Tokenizer, @unchecked Sendable {
  // Safe: all fields are set once; the library only reads a loaded model while it encodes, and the
  // handle is freed in deinit, when no call can be under way.

  public let specialTokens: SpecialTokens
  public let vocabularySize: Int
  public let pairFrame: PairFrame?
  /// Owned; freed in deinit.
  private let model: OpaquePointer
  private let sentencePieceSize: Int32

  /// Loads a serialized SentencePiece model.
  ///
  /// - Parameter name: how errors call the model, such as its path.
  /// - Throws: `unreadableModel` for damaged bytes, `unsupportedModel` for a model that is not laid
  ///   out like XLM-RoBERTa's or has a setting that cannot be followed exactly.
  public convenience init(modelBytes: [UInt8], name: String) throws(TokenizationError) {
    try self.init(name: name) { () throws(ModelFault) in
      let parsed = modelBytes.withUnsafeBytes { bytes in
        Result { () throws(ModelFault) in try UnigramModel(sentencePiece: bytes) }
      }
      return try parsed.get()
    }
  }

  /// Loads a SentencePiece model file (`sentencepiece.bpe.model`).
  public convenience init(contentsOf path: String) throws(TokenizationError) {
    try self.init(modelBytes: TokenizerFileBytes.read(path), name: path)
  }

  /// Loads a `tokenizer.json` of type Unigram, in memory. See ``init(modelBytes:name:)``.
  public convenience init(unigramJSONBytes: [UInt8], name: String) throws(TokenizationError) {
    try self.init(name: name) { () throws(ModelFault) in
      let parsed = unigramJSONBytes.withUnsafeBufferPointer { bytes in
        Result { () throws(ModelFault) in try UnigramModel(tokenizerJSON: bytes) }
      }
      return try parsed.get()
    }
  }

  /// Loads a `tokenizer.json` of type Unigram. It must say what the SentencePiece model it was made
  /// from said; anything that SentencePiece cannot do exactly is an `unsupportedModel` that names
  /// it.
  public convenience init(unigramJSON path: String) throws(TokenizationError) {
    try self.init(unigramJSONBytes: TokenizerFileBytes.read(path), name: path)
  }

  private init(
    name: String, parse: () throws(ModelFault) -> UnigramModel
  ) throws(TokenizationError) {
    let parsed: UnigramModel
    do {
      parsed = try parse()
      try parsed.check()
    } catch {
      throw error.named(name)
    }
    let size = Int32(parsed.count)
    let options = csp_model_options(
      adds_dummy_prefix: parsed.addsDummyPrefix, has_byte_pieces: parsed.byteFallback,
      unknown_id: FairseqIDs.sentencePieceUnknown)
    let normalizer = parsed.serializedNormalizer()
    var handle: OpaquePointer?
    let status = parsed.withVocabulary { vocabulary in
      csp_model_new(normalizer, normalizer.count, vocabulary, options, &handle)
    }
    guard status == CSP_OK, let handle else {
      throw TokenizationError(
        code: status == CSP_BAD_MODEL ? .unreadableModel : .internalFailure,
        message: "\(name): SentencePiece refuses the model: \(String(cString: csp_last_error()))")
    }
    model = handle
    sentencePieceSize = size
    pairFrame = parsed.pairFrame
    let mask = parsed.hasMask ? FairseqIDs.mask(sentencePieceSize: size) : nil
    vocabularySize = Int(size) + (mask == nil ? 1 : 2)
    specialTokens = SpecialTokens(
      begin: FairseqIDs.begin, pad: FairseqIDs.pad, end: FairseqIDs.end,
      unknown: FairseqIDs.unknown, mask: mask)
  }

  deinit {
    csp_model_free(model)
  }

  public func pieces(of text: String) throws(TokenizationError) -> Pieces {
    try pieces(of: text, reportingChangesFrom: 0)
  }

  public func pieces(
    of text: String, reportingChangesFrom offset: Int
  ) throws(TokenizationError) -> Pieces {
    // A native string hands out its own bytes here; nothing is copied.
    var text = text
    let result = text.withUTF8 { bytes in
      Result { () throws(TokenizationError) in
        try encode(bytes, changesFrom: min(max(0, offset), bytes.count))
      }
    }
    return try result.get()
  }

  public func pieceText(_ id: Int32) -> String? {
    switch id {
    case specialTokens.pad: return "<pad>"
    case specialTokens.mask: return "<mask>"
    default: break
    }
    guard
      let pieceID = FairseqIDs.sentencePieceID(model: id, sentencePieceSize: sentencePieceSize)
    else { return nil }
    var bytes: UnsafePointer<CChar>?
    var count = 0
    guard csp_model_piece(model, pieceID, &bytes, &count) == CSP_OK else { return nil }
    let raw = UnsafeRawBufferPointer(start: bytes, count: count)
    return String(decoding: raw, as: UTF8.self)
  }

  private func encode(
    _ text: UnsafeBufferPointer<UInt8>, changesFrom offset: Int
  ) throws(TokenizationError) -> Pieces {
    var encoding: OpaquePointer?
    var status = csp_encoding_new(&encoding)
    defer { csp_encoding_free(encoding) }
    if status == CSP_OK {
      status = csp_encode(model, text.baseAddress, text.count, offset, encoding)
    }
    guard status == CSP_OK else { throw Self.failure(status, byteCount: text.count) }
    let found = UnsafeBufferPointer(
      start: csp_encoding_pieces(encoding), count: csp_encoding_count(encoding))
    var pieces = Pieces(
      ids: [], ranges: [], unknownCount: 0,
      normalizationChanged: csp_encoding_changed(encoding))
    pieces.ids.reserveCapacity(found.count)
    pieces.ranges.reserveCapacity(found.count)
    var last = 0
    for piece in found {
      let id = FairseqIDs.modelID(sentencePiece: piece.id)
      if id == FairseqIDs.unknown { pieces.unknownCount += 1 }
      pieces.ids.append(id)
      let start = max(last, Self.characterStart(Int(piece.begin), in: text))
      last = max(start, Self.characterStart(Int(piece.end), in: text))
      pieces.ranges.append(start..<last)
    }
    return pieces
  }

  /// `offset`, or the start of the character it lies in: a character map may cut within one.
  private static func characterStart(_ offset: Int, in text: UnsafeBufferPointer<UInt8>) -> Int {
    var start = min(offset, text.count)
    while start > 0, start < text.count, text[start] & 0xC0 == 0x80 { start -= 1 }
    return start
  }

  private static func failure(_ status: csp_status, byteCount: Int) -> TokenizationError {
    if status == CSP_TEXT_TOO_LONG {
      return TokenizationError(
        code: .tooLong,
        message:
          "the text has \(byteCount) bytes; at most \(CSP_TEXT_LIMIT) can be tokenized, "
          + "so split it first")
    }
    return TokenizationError(
      code: .internalFailure,
      message: "SentencePiece failed: \(String(cString: csp_last_error()))")
  }
}

extension UnigramModel {
  /// The pieces as the C face takes them, valid during `body`.
  fileprivate func withVocabulary<R>(_ body: (csp_vocabulary) -> R) -> R {
    let types = types.map(\.rawValue)
    return text.withUnsafeBufferPointer { text in
      ends.withUnsafeBufferPointer { ends in
        scores.withUnsafeBufferPointer { scores in
          types.withUnsafeBufferPointer { types in
            body(
              csp_vocabulary(
                text: text.baseAddress, ends: ends.baseAddress, scores: scores.baseAddress,
                types: types.baseAddress, count: Int32(count)))
          }
        }
      }
    }
  }
}
