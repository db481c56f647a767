/// What a `tokenizer_config.json` says about a BERT tokenizer.
///
/// transformers' BERT class follows this file and its own defaults, not the normalizer that
/// `tokenizer.json` describes; its general class follows `tokenizer.json` alone.
struct WordPieceConfiguration: Sendable {
  enum Follows: Sendable {
    /// This file, and BERT's defaults for what it does not say.
    case configuration
    /// `tokenizer.json`.
    case tokenizerJSON
  }

  private(set) var follows = Follows.configuration
  /// Nil where the file does not say.
  private(set) var lowercases: Bool?
  private(set) var stripsAccents: Bool?
  private(set) var isolatesHan: Bool?
  /// A token that the file adds and that is not special; `vocab.txt` alone does not have it.
  private var hasOrdinaryAddedTokens = false

  /// No file: BERT's defaults.
  init() {}

  /// - Throws: `unreadableModel` or `unsupportedModel`, naming the file.
  init(file path: String?) throws(TokenizationError) {
    guard let path else {
      self.init()
      return
    }
    try self.init(bytes: TokenizerFileBytes.read(path), name: path)
  }

  init(bytes: [UInt8], name: String) throws(TokenizationError) {
    let read = bytes.withUnsafeBufferPointer { bytes in
      Result { () throws(ModelFault) in
        guard (try? UTF8Span(validating: bytes.span)) != nil else {
          throw ModelFault.unreadable("is not valid UTF-8")
        }
        var reader = JSONReader(bytes)
        let value = try reader.value()
        try reader.end()
        return value
      }
    }
    do {
      try self.init(read.get())
    } catch {
      throw error.named(name)
    }
  }

  private init(_ value: JSONValue) throws(ModelFault) {
    guard case .object = value else { throw .unreadable("is not a JSON object") }
    follows = try Self.follows(tokenizerClass: value["tokenizer_class"])
    lowercases = try Self.flag("do_lower_case", in: value)
    stripsAccents = try Self.flag("strip_accents", in: value)
    isolatesHan = try Self.flag("tokenize_chinese_chars", in: value)
    try Self.checkNames(value)
    if case .object(let added)? = value["added_tokens_decoder"] {
      hasOrdinaryAddedTokens = !added.allSatisfy { $0.1["special"]?.flag ?? false }
    }
  }

  /// Classes whose tokenizer is BERT's; "Fast" may follow each.
  static let bertClasses = ["BertTokenizer", "DistilBertTokenizer", "ElectraTokenizer"]
  static let generalClasses = ["PreTrainedTokenizerFast", "TokenizersBackend"]

  private static func follows(tokenizerClass: JSONValue?) throws(ModelFault) -> Follows {
    guard let tokenizerClass else { return .configuration }
    let isBERT = bertClasses.contains { name in
      tokenizerClass.isText(name) || tokenizerClass.isText(name + "Fast")
    }
    if isBERT { return .configuration }
    if generalClasses.contains(where: { tokenizerClass.isText($0) }) { return .tokenizerJSON }
    let found = tokenizerClass.text.map { "'\($0.prefix(40))'" } ?? "no string"
    throw .unsupported(
      "tokenizer_class is \(found); WordPiece is supported for "
        + (bertClasses + generalClasses).joined(separator: ", "))
  }

  private static func flag(_ key: String, in value: JSONValue) throws(ModelFault) -> Bool? {
    guard let member = value[key] else { return nil }
    guard let flag = member.flag else { throw .unreadable("\(key) is neither true nor false") }
    return flag
  }

  /// Special tokens must have BERT's names: a string, or an object with the string as `content`.
  private static func checkNames(_ value: JSONValue) throws(ModelFault) {
    let names = [
      ("unk_token", WordPieceModel.unknown), ("cls_token", WordPieceModel.begin),
      ("sep_token", WordPieceModel.end), ("pad_token", WordPieceModel.pad),
      ("mask_token", WordPieceModel.mask),
    ]
    for (key, name) in names {
      guard let member = value[key] else { continue }
      let content = member["content"] ?? member
      guard content.isText(name) else {
        throw .unsupported(
          "\(key) is '\((content.text ?? "no string").prefix(40))'; only \(name) is supported")
      }
    }
  }
}

extension WordPieceConfiguration {
  /// The settings for a `vocab.txt`.
  func normalizationOfVocabulary() throws(ModelFault) -> BertNormalization {
    guard follows == .configuration else {
      throw .unsupported(
        "comes with a tokenizer_class that needs a tokenizer.json, which is absent")
    }
    guard !hasOrdinaryAddedTokens else {
      throw .unsupported(
        "comes with added_tokens_decoder entries that are not special; only the vocabulary's own "
          + "tokens are supported")
    }
    return BertNormalization(
      cleansText: true, isolatesHan: isolatesHan ?? true, stripsAccents: stripsAccents,
      lowercases: lowercases ?? true)
  }

  /// The settings for a `tokenizer.json` whose normalizer says `stated`.
  ///
  /// - Throws: `unsupportedModel` where transformers would fall back on a default that contradicts
  ///   the file: nobody can tell which of the two the model was trained with.
  func normalization(stated: BertNormalization) throws(ModelFault) -> BertNormalization {
    guard follows == .configuration else { return stated }
    guard stated.cleansText else {
      throw .unsupported(
        "normalizer: clean_text is false, which BERT's tokenizer class does not follow")
    }
    var result = stated
    result.lowercases = try Self.decide(
      lowercases, default: true, stated: stated.lowercases, "do_lower_case", "lowercase")
    result.isolatesHan = try Self.decide(
      isolatesHan, default: true, stated: stated.isolatesHan, "tokenize_chinese_chars",
      "handle_chinese_chars")
    result.stripsAccents = stripsAccents
    if stripsAccents == nil, let own = stated.stripsAccents, own != result.lowercases {
      throw Self.contradiction("strip_accents", "strip_accents")
    }
    return result
  }

  private static func decide(
    _ configured: Bool?, default: Bool, stated: Bool, _ key: String, _ statedKey: String
  ) throws(ModelFault) -> Bool {
    guard let configured else {
      guard stated == `default` else { throw contradiction(key, statedKey) }
      return stated
    }
    return configured
  }

  private static func contradiction(_ key: String, _ statedKey: String) -> ModelFault {
    .unsupported(
      "normalizer: \(statedKey) is not BERT's default, and tokenizer_config.json does not say so; "
        + "state \(key) there")
  }
}
