/// Hugging Face's `tokenizer.json` of type WordPiece, as BERT models have it.
extension WordPieceModel {
  init(
    tokenizerJSON bytes: UnsafeBufferPointer<UInt8>, configuration: WordPieceConfiguration
  ) throws(ModelFault) {
    let document = try TokenizerDocument(bytes)
    let model = document.model
    guard model["type"]?.isText("WordPiece") ?? false else {
      throw .unsupported(
        "model.type is \((model["type"]?.text ?? "absent").prefix(40)); expected WordPiece")
    }
    guard let words = document.words else {
      throw .unreadable("model.vocab is not an object from tokens to ids")
    }
    vocabulary = words
    normalization = try configuration.normalization(
      stated: Self.normalization(document.normalizer))
    charactersPerWord = try Self.charactersPerWord(model)
    try Self.checkModel(model)
    guard document.preTokenizer["type"]?.isText("BertPreTokenizer") ?? false else {
      throw .unsupported(
        "pre_tokenizer: \(Self.type(document.preTokenizer)); only BertPreTokenizer is supported")
    }
    try addTokens(document.addedTokens)
    try checkPostProcessor(document.postProcessor)
    pairFrame = PairFrame(
      postProcessor: document.postProcessor, begin: Self.begin, end: Self.end)
    if pairFrame != .bert { pairFrame = nil }
  }

  private static func type(_ value: JSONValue) -> Substring {
    (value["type"]?.text ?? "absent").prefix(40)
  }

  private static func normalization(_ value: JSONValue) throws(ModelFault) -> BertNormalization {
    guard value["type"]?.isText("BertNormalizer") ?? false else {
      throw .unsupported("normalizer: \(type(value)); only BertNormalizer is supported")
    }
    func flag(_ key: String) throws(ModelFault) -> Bool? {
      guard let member = value[key] else { return nil }
      guard let flag = member.flag else {
        throw .unreadable("normalizer: \(key) is neither true nor false")
      }
      return flag
    }
    return BertNormalization(
      cleansText: try flag("clean_text") ?? true,
      isolatesHan: try flag("handle_chinese_chars") ?? true,
      stripsAccents: try flag("strip_accents"), lowercases: try flag("lowercase") ?? true)
  }

  private static func charactersPerWord(_ model: JSONValue) throws(ModelFault) -> Int {
    guard let member = model["max_input_chars_per_word"] else { return 100 }
    guard let number = member.integer, number > 0 else {
      throw .unreadable("model.max_input_chars_per_word is not a whole number above 0")
    }
    return number
  }

  private static func checkModel(_ model: JSONValue) throws(ModelFault) {
    for (key, expected) in [
      ("unk_token", unknown), ("continuing_subword_prefix", continuation),
    ] {
      guard let member = model[key], !member.isText(expected) else { continue }
      throw .unsupported(
        "model.\(key) is '\((member.text ?? "no string").prefix(40))'; only \(expected) is "
          + "supported")
    }
  }

  /// Special tokens may be named again or come behind the vocabulary; no text is ever matched
  /// against them.
  private mutating func addTokens(_ tokens: JSONValue) throws(ModelFault) {
    for token in tokens.elements ?? [] {
      guard let id = token["id"]?.integer, let content = token["content"]?.text else {
        throw .unreadable("added_tokens has an entry without id or content")
      }
      guard token["special"]?.flag ?? false else {
        throw .unsupported("added_tokens has the token \(id), which is not special")
      }
      if let known = vocabulary.token(id) {
        guard known.elementsEqual(content.utf8) else {
          throw .unreadable("added_tokens and model.vocab disagree about the id \(id)")
        }
      } else {
        try vocabulary.set(id, content.utf8)
      }
      specialIDs.append(Int32(truncatingIfNeeded: id))
    }
  }

  /// `[CLS]` text `[SEP]`, with the vocabulary's ids.
  private func checkPostProcessor(_ processor: JSONValue) throws(ModelFault) {
    switch processor["type"]?.text {
    case "BertProcessing":
      for (key, name) in [("cls", Self.begin), ("sep", Self.end)] {
        let pair = processor[key]?.elements ?? []
        guard pair.count == 2, pair[0].isText(name) else {
          throw .unsupported("post_processor: \(key) is not \(name)")
        }
        try checkID(pair[1], of: name)
      }
    case "TemplateProcessing":
      let single = processor["single"]?.elements ?? []
      guard single.count == 3, single[0]["SpecialToken"]?["id"]?.isText(Self.begin) ?? false,
        single[1]["Sequence"]?["id"]?.isText("A") ?? false,
        single[2]["SpecialToken"]?["id"]?.isText(Self.end) ?? false,
        [single[0]["SpecialToken"], single[1]["Sequence"], single[2]["SpecialToken"]].allSatisfy({
          ($0?["type_id"]?.integer ?? 0) == 0
        })
      else {
        throw .unsupported(
          "post_processor: a single text is not framed as \(Self.begin) text \(Self.end)")
      }
      for name in [Self.begin, Self.end] {
        let ids = processor["special_tokens"]?[name]?["ids"]?.elements ?? []
        guard ids.count == 1 else {
          throw .unsupported("post_processor: \(name) is not one token")
        }
        try checkID(ids[0], of: name)
      }
    default:
      throw .unsupported("post_processor: \(Self.type(processor))")
    }
  }

  private func checkID(_ value: JSONValue, of name: String) throws(ModelFault) {
    guard let id = value.integer, let own = vocabulary.id(of: name), id == Int(own) else {
      throw .unsupported("post_processor: \(name) has another id than in the vocabulary")
    }
  }
}
