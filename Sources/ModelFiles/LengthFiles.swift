/// How many tokens a text may have: the least of what the folder's files declare and of what the
/// position table can serve.
enum LengthFiles {
  /// Names the sentence-transformers length file has had for the supported bodies.
  static let sentenceNames = [
    "sentence_bert_config.json", "sentence_roberta_config.json",
    "sentence_xlm-roberta_config.json",
  ]
  static let tokenizerName = "tokenizer_config.json"
  /// Start, one piece, end.
  static let minimum = 3

  private struct SentenceFile: Decodable {
    let maximum: Double?
    let lowercases: Bool?

    enum CodingKeys: String, CodingKey {
      case maximum = "max_seq_length"
      case lowercases = "do_lower_case"
    }
  }

  private struct TokenizerConfiguration: Decodable {
    /// A huge number (10³⁰) stands for "no limit", so this is no whole number.
    let maximum: Double?

    enum CodingKeys: String, CodingKey {
      case maximum = "model_max_length"
    }
  }

  /// - Parameter asked: the user's own limit. It may exceed what the files declare (they often say
  ///   what a model was trained with), never the position table.
  /// - Returns: the limit in tokens, special tokens included, and where it came from.
  static func maximumTokens(
    folder: String, body: BodyConfiguration, asked: Int?
  ) throws(ModelFilesError) -> (tokens: Int, provenance: String) {
    let config = FileAccess.join(folder, TransformerFile.name)
    guard body.usableLength >= minimum else {
      throw ModelFilesError(
        code: .malformed, file: config, key: "max_position_embeddings",
        message: "leaves room for \(body.usableLength) tokens; at least \(minimum) are needed")
    }
    let declared = try declaredLimits(folder: folder)
    if let asked {
      guard asked >= minimum, asked <= body.usableLength else {
        throw ModelFilesError(
          code: .unsupported, file: config, key: "max_position_embeddings",
          message: "\(asked) tokens were asked for; this model can serve \(minimum) to "
            + "\(body.usableLength)")
      }
      return (asked, "maximum tokens: \(asked), as asked")
    }
    var tokens = body.usableLength
    var source = "\(TransformerFile.name) (position table)"
    for limit in declared where limit.tokens < tokens {
      tokens = limit.tokens
      source = limit.source
    }
    return (tokens, "maximum tokens: \(source)")
  }

  private static func declaredLimits(
    folder: String
  ) throws(ModelFilesError) -> [(tokens: Int, source: String)] {
    var limits: [(tokens: Int, source: String)] = []
    for name in sentenceNames {
      let path = FileAccess.join(folder, name)
      guard let file = try JSONFile.decodeIfPresent(SentenceFile.self, path: path) else { continue }
      if file.lowercases == true {
        throw ModelFilesError(
          code: .unsupported, file: path, key: SentenceFile.CodingKeys.lowercases.rawValue,
          message: "is true; lowercasing texts before the tokenizer is not supported")
      }
      if let maximum = file.maximum {
        let key = SentenceFile.CodingKeys.maximum.rawValue
        limits.append((try check(maximum, key: key, path: path), name))
      }
      break
    }
    let path = FileAccess.join(folder, tokenizerName)
    if let file = try JSONFile.decodeIfPresent(TokenizerConfiguration.self, path: path),
      let maximum = file.maximum
    {
      let key = TokenizerConfiguration.CodingKeys.maximum.rawValue
      limits.append((try check(maximum, key: key, path: path), tokenizerName))
    }
    return limits
  }

  /// A whole number of tokens; beyond 2³¹ it means "no limit", which is `Int.max`.
  private static func check(
    _ value: Double, key: String, path: String
  ) throws(ModelFilesError) -> Int {
    if value > Double(Int32.max) { return Int.max }
    guard let tokens = Int(exactly: value), tokens >= minimum else {
      throw ModelFilesError(
        code: .malformed, file: path, key: key,
        message: "is \(value); expected a whole number of at least \(minimum)")
    }
    return tokens
  }
}
