/// `config.json` of a pooling module, in the form of sentence-transformers up to version 4 (one
/// boolean per mode) or from 5 on (`pooling_mode` by name).
struct PoolingFile: Decodable {
  private let oldDimension: WholeNumber?
  private let newDimension: WholeNumber?
  private let mode: Mode?
  private let includesPrompt: Bool?
  private let cls: Bool?
  private let mean: Bool?
  private let max: Bool?
  private let meanSqrtLength: Bool?
  private let weightedMean: Bool?
  private let lastToken: Bool?

  enum CodingKeys: String, CodingKey {
    case oldDimension = "word_embedding_dimension"
    case newDimension = "embedding_dimension"
    case mode = "pooling_mode"
    case includesPrompt = "include_prompt"
    case cls = "pooling_mode_cls_token"
    case mean = "pooling_mode_mean_tokens"
    case max = "pooling_mode_max_tokens"
    case meanSqrtLength = "pooling_mode_mean_sqrt_len_tokens"
    case weightedMean = "pooling_mode_weightedmean_tokens"
    case lastToken = "pooling_mode_lasttoken"
  }

  /// One name or a list of names.
  private enum Mode: Decodable {
    case one(String)
    case many([String])

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let name = try? container.decode(String.self) {
        self = .one(name)
      } else if let names = try? container.decode([String].self) {
        self = .many(names)
      } else {
        throw DecodingError.dataCorrupted(
          DecodingError.Context(
            codingPath: decoder.codingPath,
            debugDescription: "has the wrong type; expected a string or a list of strings"))
      }
    }
  }

  /// Names of `pooling_mode`; `weightedmean` exists too and is not computed here.
  private static let names: [String: Pooling] = [
    "mean": .mean, "cls": .cls, "max": .max, "mean_sqrt_len_tokens": .meanSqrtLength,
    "lasttoken": .lastToken,
  ]

  /// The one pooling of the module at `path`, checked against the body.
  static func pooling(path: String, hiddenSize: Int) throws(ModelFilesError) -> Pooling {
    let file = try JSONFile.decode(PoolingFile.self, path: path)
    return try file.checked(path: path, hiddenSize: hiddenSize)
  }

  private func checked(path: String, hiddenSize: Int) throws(ModelFilesError) -> Pooling {
    for (key, value) in [
      (CodingKeys.oldDimension, oldDimension?.value), (.newDimension, newDimension?.value),
    ] {
      guard let value, value != hiddenSize else { continue }
      throw error(
        .malformed, key, path, "is \(value), but hidden_size in config.json is \(hiddenSize)")
    }
    guard includesPrompt ?? true else {
      throw error(
        .unsupported, .includesPrompt, path,
        "is false; leaving the prompt's tokens out of pooling is not supported")
    }
    let chosen = try modeNames(path: path)
    guard let name = chosen.names.first else {
      throw error(
        .malformed, chosen.key, path,
        "chooses no pooling mode; expected pooling_mode, or one pooling_mode_… that is true")
    }
    guard chosen.names.count == 1 else {
      throw error(
        .unsupported, chosen.key, path,
        "asks for several modes together (\(chosen.names.joined(separator: ", "))); one is "
          + "supported. To choose one yourself, pass --pooling")
    }
    guard let pooling = Self.names[name] else {
      throw error(
        .unsupported, chosen.key, path,
        "is '\(name)'; supported are mean, cls, max, mean_sqrt_len_tokens and lasttoken")
    }
    return pooling
  }

  /// The modes asked for, under the names of the new form.
  private func modeNames(
    path: String
  ) throws(ModelFilesError) -> (key: CodingKeys, names: [String]) {
    switch mode {
    case .one(let name): return (.mode, [name])
    case .many(let names): return (.mode, names)
    case nil: break
    }
    let flags: [(CodingKeys, Bool?, String)] = [
      (.cls, cls, "cls"), (.mean, mean, "mean"), (.max, max, "max"),
      (.meanSqrtLength, meanSqrtLength, "mean_sqrt_len_tokens"),
      (.weightedMean, weightedMean, "weightedmean"), (.lastToken, lastToken, "lasttoken"),
    ]
    let chosen = flags.filter { $0.1 == true }
    return (chosen.first?.0 ?? .mode, chosen.map(\.2))
  }

  private func error(
    _ code: ModelFilesError.Code, _ key: CodingKeys, _ path: String, _ message: String
  ) -> ModelFilesError {
    ModelFilesError(code: code, file: path, key: key.rawValue, message: message)
  }
}
