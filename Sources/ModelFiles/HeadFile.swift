/// What `config.json` says of a classifier on top of the body.
struct HeadFile: Decodable {
  private let labels: KeyCount?
  private let labelCount: WholeNumber?
  private let library: Library?
  private let oldActivation: String?

  enum CodingKeys: String, CodingKey {
    case labels = "id2label"
    case labelCount = "num_labels"
    case library = "sentence_transformers"
    case oldActivation = "sbert_ce_default_activation_function"
  }

  /// What sentence-transformers 4 and 5 keep inside `config.json`.
  private struct Library: Decodable {
    let activation: String?

    enum CodingKeys: String, CodingKey {
      case activation = "activation_fn"
    }
  }

  /// `config_sentence_transformers.json` of a cross-encoder, from sentence-transformers 6 on.
  private struct SentenceFile: Decodable {
    let activation: String?
    let prompts: [String: String?]?
    let defaultPromptName: String?

    enum CodingKeys: String, CodingKey {
      case activation = "activation_fn"
      case prompts
      case defaultPromptName = "default_prompt_name"
    }
  }

  /// How many keys an object has.
  private struct KeyCount: Decodable {
    let value: Int

    init(from decoder: any Decoder) throws {
      value = try decoder.container(keyedBy: AnyCodingKey.self).allKeys.count
    }
  }

  /// The head of the model in `folder`, whose `config.json` is at `path`.
  ///
  /// - Throws: ``ModelFilesError`` (`unsupported`) for another number of labels than one, another
  ///   activation than Sigmoid or Identity, or a prompt.
  static func head(
    _ architecture: Architecture, path: String, folder: String, notes: inout [String]
  ) throws(ModelFilesError) -> ScoringHead {
    let file = try JSONFile.decode(HeadFile.self, path: path)
    try file.checkLabels(path: path)
    let sentencePath = FileAccess.join(folder, PromptsFile.name)
    let sentence = try JSONFile.decodeIfPresent(SentenceFile.self, path: sentencePath)
    if let name = sentence?.defaultPromptName, let prompt = sentence?.prompts?[name],
      !(prompt ?? "").isEmpty
    {
      throw ModelFilesError(
        code: .unsupported, file: sentencePath,
        key: SentenceFile.CodingKeys.defaultPromptName.rawValue,
        message: "is '\(name)'; prompts of rerankers are not supported")
    }

    let places = [
      (sentence?.activation, sentencePath, PromptsFile.name, "activation_fn"),
      (
        file.library?.activation, path, TransformerFile.name,
        CodingKeys.library.rawValue + "/activation_fn"
      ),
      (file.oldActivation, path, TransformerFile.name, CodingKeys.oldActivation.rawValue),
    ]
    var activation = ScoringHead.Activation.sigmoid
    if case (let name?, let path, let source, let key)? = places.first(where: { $0.0 != nil }) {
      activation = try Self.activation(name, path: path, key: key)
      notes.append("score: \(activation.rawValue), \(key) in \(source)")
    } else {
      notes.append("score: sigmoid, the default of sentence-transformers for one label")
    }
    switch architecture {
    case .bert: return ScoringHead(kind: .pooler, activation: activation)
    case .roberta, .xlmRoberta: return ScoringHead(kind: .classifier, activation: activation)
    }
  }

  /// `id2label` decides where both are given, as in transformers, whose default is two labels.
  private func checkLabels(path: String) throws(ModelFilesError) {
    let (key, count) =
      labels.map { (CodingKeys.labels, $0.value) }
      ?? (CodingKeys.labelCount, labelCount?.value ?? 2)
    guard count != 1 else { return }
    let origin = labels == nil && labelCount == nil ? " (absent, the format's default)" : ""
    throw ModelFilesError(
      code: .unsupported, file: path, key: key.rawValue,
      message: "gives the classifier \(count) labels\(origin); a reranker has exactly 1")
  }

  /// The class path moved between releases of torch; the last component stayed.
  private static func activation(
    _ name: String, path: String, key: String
  ) throws(ModelFilesError) -> ScoringHead.Activation {
    switch name.split(separator: ".").last {
    case "Sigmoid": return .sigmoid
    case "Identity": return .identity
    default:
      throw ModelFilesError(
        code: .unsupported, file: path, key: key,
        message: "is '\(name)'; supported are Sigmoid and Identity")
    }
  }
}
