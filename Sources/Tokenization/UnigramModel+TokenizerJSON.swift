import Foundation

/// Hugging Face's `tokenizer.json` of type Unigram, as made from a SentencePiece model.
///
/// The file spells out in steps what SentencePiece does in one go. It is read back into
/// SentencePiece's settings, and SentencePiece runs it: where the two differ (Hugging Face applies
/// the character map per grapheme), SentencePiece is what the models were trained with.
extension UnigramModel {
  init(tokenizerJSON bytes: UnsafeBufferPointer<UInt8>) throws(ModelFault) {
    let document = try TokenizerDocument(bytes)
    guard document.model["type"]?.isText("Unigram") ?? false else {
      let type = document.model["type"]?.text ?? "absent"
      throw .unsupported("model.type is \(type.prefix(40)); only Unigram is supported")
    }
    byteFallback = document.model["byte_fallback"]?.flag ?? false
    let foldsInNormalizer = try readNormalizer(document.normalizer)
    try readPreTokenizer(document.preTokenizer, foldsInNormalizer: foldsInNormalizer, document)
    try Self.checkPostProcessor(document.postProcessor)
    pairFrame = PairFrame(postProcessor: document.postProcessor)
    try readVocabulary(document)
    try checkAddedTokens(document.addedTokens, document)
  }

  /// Vocabulary in fairseq's order (`<s>`, `<pad>`, `</s>`, `<unk>`, pieces, `<mask>`) to
  /// SentencePiece's.
  private mutating func readVocabulary(_ document: TokenizerDocument) throws(ModelFault) {
    for (id, name) in ["<s>", "<pad>", "</s>", "<unk>"].enumerated() {
      guard document.isEntry(id, name) else {
        let entry = id < document.count ? document.entry(id).prefix(40) : []
        let found = String(decoding: entry, as: UTF8.self)
        throw .unsupported("model.vocab[\(id)] is '\(found)'; expected \(name)")
      }
    }
    guard document.model["unk_id"]?.integer == 3 else {
      throw .unsupported("model.unk_id is not 3, the id of <unk>")
    }
    let maskInVocabulary = document.isEntry(document.count - 1, "<mask>")
    hasMask = maskInVocabulary
    let end = maskInVocabulary ? document.count - 1 : document.count

    reserve(pieces: document.count + 1, textBytes: document.text.count + 16)
    append("<unk>".utf8, score: 0, type: .unknown)
    append("<s>".utf8, score: 0, type: .control)
    append("</s>".utf8, score: 0, type: .control)
    for id in 4..<max(4, end) {
      let piece = document.entry(id)
      append(
        piece, score: document.scores[id],
        type: byteFallback && Self.isByteText(piece) ? .byte : .normal)
    }
  }

  /// "<0xHH>".
  private static func isByteText(_ piece: ArraySlice<UInt8>) -> Bool {
    piece.count == 6 && piece.starts(with: "<0x".utf8) && piece.last == UInt8(ascii: ">")
      && piece.dropFirst(3).prefix(2).allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "A")...UInt8(ascii: "F")).contains($0)
      }
  }

  /// Special tokens may be named here too, but no text is ever matched against them.
  private mutating func checkAddedTokens(
    _ tokens: JSONValue, _ document: TokenizerDocument
  ) throws(ModelFault) {
    for token in tokens.elements ?? [] {
      guard let id = token["id"]?.integer, let content = token["content"]?.text else {
        throw .unreadable("added_tokens has an entry without id or content")
      }
      if content.utf8.elementsEqual("<mask>".utf8) {
        guard id == count + 1 else {
          throw .unsupported("added_tokens gives <mask> the id \(id); expected \(count + 1)")
        }
        hasMask = true
      } else if !(token["special"]?.flag ?? false), !document.isEntry(id, content) {
        throw .unsupported(
          "added_tokens has the token \(id), which is not special and not in model.vocab")
      }
    }
  }

  /// - Returns: whether runs of spaces become one space.
  private mutating func readNormalizer(_ normalizer: JSONValue) throws(ModelFault) -> Bool {
    var folds = false
    for (index, step) in Self.steps(normalizer, key: "normalizers").enumerated() {
      switch step["type"]?.text {
      case "Precompiled":
        guard index == 0 else {
          throw .unsupported("normalizer: Precompiled is not the first step")
        }
        if let encoded = step["precompiled_charsmap"] {
          guard let base64 = encoded.text, let map = Data(base64Encoded: base64) else {
            throw .unreadable("normalizer: precompiled_charsmap is not base64")
          }
          characterMap = Array(map)
        }
      case "Replace":
        let content = step["content"]
        guard step["pattern"]?["Regex"]?.isText(" {2,}") ?? false,
          content?.isText(" ") ?? false || content?.isText("▁") ?? false
        else {
          throw .unsupported("normalizer: a Replace step other than \" {2,}\" by one space")
        }
        folds = true
      case "Strip" where step["strip_right"]?.flag ?? false: break
      case let type:
        throw .unsupported("normalizer: the step \((type ?? "without type").prefix(40))")
      }
    }
    return folds
  }

  private mutating func readPreTokenizer(
    _ preTokenizer: JSONValue, foldsInNormalizer: Bool, _ document: TokenizerDocument
  ) throws(ModelFault) {
    var splitsAtWhitespace = false
    var metaspace: JSONValue?
    for step in Self.steps(preTokenizer, key: "pretokenizers") {
      switch step["type"]?.text {
      case "WhitespaceSplit" where metaspace == nil: splitsAtWhitespace = true
      case "Metaspace" where metaspace == nil: metaspace = step
      case let type:
        throw .unsupported("pre_tokenizer: the step \((type ?? "without type").prefix(40))")
      }
    }
    guard let metaspace, metaspace["replacement"]?.isText("▁") ?? false else {
      throw .unsupported("pre_tokenizer: no Metaspace step with the replacement ▁")
    }
    // Without folding, SentencePiece puts its prefix before leading spaces too; Metaspace does not.
    guard splitsAtWhitespace || foldsInNormalizer else {
      throw .unsupported("neither normalizer nor pre_tokenizer folds runs of spaces")
    }
    removesExtraWhitespace = true
    switch metaspace["prepend_scheme"]?.text {
    case "always": addsDummyPrefix = true
    case "first":
      guard !splitsAtWhitespace else {
        throw .unsupported("pre_tokenizer: prepend_scheme first after WhitespaceSplit")
      }
      addsDummyPrefix = true
    case "never": addsDummyPrefix = false
    case nil: addsDummyPrefix = metaspace["add_prefix_space"]?.flag ?? true
    case let scheme?:
      throw .unsupported("pre_tokenizer: the prepend_scheme \(scheme.prefix(40))")
    }
    guard addsDummyPrefix || !splitsAtWhitespace else {
      throw .unsupported("pre_tokenizer: WhitespaceSplit without ▁ before each word loses spaces")
    }
    if splitsAtWhitespace || metaspace["split"]?.flag ?? true {
      try Self.checkNoPieceSpansWords(document)
    }
  }

  /// SentencePiece does not split at spaces before it looks for pieces. That makes no difference
  /// unless some piece goes on beyond a space.
  private static func checkNoPieceSpansWords(
    _ document: TokenizerDocument
  ) throws(ModelFault) {
    let space = Array("▁".utf8)
    for id in 0..<document.count {
      var rest = document.entry(id)
      while rest.starts(with: space) { rest = rest.dropFirst(space.count) }
      while let first = rest.firstIndex(of: space[0]) {
        rest = rest[first...]
        guard !rest.starts(with: space) else {
          throw .unsupported("model.vocab[\(id)] spans words, but pre_tokenizer splits at spaces")
        }
        rest = rest.dropFirst()
      }
    }
  }

  /// `<s>` text `</s>`.
  private static func checkPostProcessor(_ processor: JSONValue) throws(ModelFault) {
    switch processor["type"]?.text {
    case "TemplateProcessing":
      let single = processor["single"]?.elements ?? []
      guard single.count == 3, single[0]["SpecialToken"]?["id"]?.isText("<s>") ?? false,
        single[1]["Sequence"] != nil, single[2]["SpecialToken"]?["id"]?.isText("</s>") ?? false
      else {
        throw .unsupported("post_processor: a single text is not framed as <s> text </s>")
      }
    case "RobertaProcessing", "BertProcessing":
      guard processor["cls"]?.elements?.first?.isText("<s>") ?? false,
        processor["sep"]?.elements?.first?.isText("</s>") ?? false
      else { throw .unsupported("post_processor: cls and sep are not <s> and </s>") }
    case let type:
      throw .unsupported("post_processor: \((type ?? "absent").prefix(40))")
    }
  }

  /// A step alone, or the steps of a (nested) Sequence.
  private static func steps(_ value: JSONValue, key: String) -> [JSONValue] {
    if case .null = value { return [] }
    guard value["type"]?.isText("Sequence") ?? false else { return [value] }
    return (value[key]?.elements ?? []).flatMap { steps($0, key: key) }
  }
}
