/// `config.json` of the transformer body, as far as the body's arithmetic depends on it.
struct TransformerFile: Decodable {
  let modelType: String
  let architectures: [String]?
  /// The repository or folder the weights were first loaded from; a hint at the model's family.
  let originalName: String?
  private let hiddenSize: WholeNumber
  private let layerCount: WholeNumber
  private let headCount: WholeNumber
  private let intermediateSize: WholeNumber
  private let vocabularySize: WholeNumber
  private let positionRows: WholeNumber
  private let tokenTypeRows: WholeNumber?
  private let layerNormEpsilon: Double?
  private let hiddenActivation: String?
  private let padTokenID: WholeNumber?
  private let positionEmbeddingType: String?
  private let isDecoder: Bool?
  private let addsCrossAttention: Bool?

  enum CodingKeys: String, CodingKey {
    case modelType = "model_type"
    case architectures
    case originalName = "_name_or_path"
    case hiddenSize = "hidden_size"
    case layerCount = "num_hidden_layers"
    case headCount = "num_attention_heads"
    case intermediateSize = "intermediate_size"
    case vocabularySize = "vocab_size"
    case positionRows = "max_position_embeddings"
    case tokenTypeRows = "type_vocab_size"
    case layerNormEpsilon = "layer_norm_eps"
    case hiddenActivation = "hidden_act"
    case padTokenID = "pad_token_id"
    case positionEmbeddingType = "position_embedding_type"
    case isDecoder = "is_decoder"
    case addsCrossAttention = "add_cross_attention"
  }

  static let name = "config.json"

  /// Reads the family first, so that an unknown model is named rather than its missing keys.
  static func read(path: String) throws(ModelFilesError) -> TransformerFile {
    struct Family: Decodable {
      let modelType: String
      enum CodingKeys: String, CodingKey { case modelType = "model_type" }
    }
    let family = try JSONFile.decode(Family.self, path: path).modelType
    _ = try architecture(family, path: path)
    return try JSONFile.decode(TransformerFile.self, path: path)
  }

  /// The architecture's name where it puts a classifier on top: such a checkpoint scores pairs and
  /// has no use for pooling.
  var classifier: String? {
    (architectures ?? []).first { $0.hasSuffix("ForSequenceClassification") }
  }

  private static func architecture(
    _ modelType: String, path: String
  ) throws(ModelFilesError) -> Architecture {
    guard let architecture = Architecture(rawValue: modelType) else {
      throw ModelFilesError(
        code: .unsupported, file: path, key: CodingKeys.modelType.rawValue,
        message: "is '\(modelType)'; supported are 'bert', 'roberta' and 'xlm-roberta'")
    }
    return architecture
  }

  // MARK: - Checked values

  /// The body's shape, every number checked; `notes` gets a line for each value that is the
  /// format's default because the file leaves it out.
  func body(path: String, notes: inout [String]) throws(ModelFilesError) -> BodyConfiguration {
    let architecture = try Self.architecture(modelType, path: path)
    let check = Check(path: path)
    // Limits far beyond any real model; they keep every later product of two sizes inside Int.
    let hidden = try check.size(hiddenSize.value, .hiddenSize, upTo: 1 << 16)
    let heads = try check.size(headCount.value, .headCount, upTo: hidden)
    guard hidden % heads == 0 else {
      throw check.malformed(
        .headCount, "is \(heads), which does not divide hidden_size \(hidden)")
    }
    let layers = try check.size(layerCount.value, .layerCount, upTo: 1024)
    let intermediate = try check.size(intermediateSize.value, .intermediateSize, upTo: 1 << 20)
    let vocabulary = try check.size(vocabularySize.value, .vocabularySize, upTo: 1 << 24)
    let positions = try check.size(positionRows.value, .positionRows, upTo: 1 << 20)
    let types = try check.size(
      tokenTypeRows?.value ?? Self.noted(2, .tokenTypeRows, &notes), .tokenTypeRows, upTo: 1 << 16)
    let epsilon = layerNormEpsilon ?? Self.noted(1e-12, .layerNormEpsilon, &notes)
    guard Float(epsilon) > 0, epsilon < 1 else {
      throw check.malformed(.layerNormEpsilon, "is \(epsilon); expected a number between 0 and 1")
    }
    let first = try firstPosition(architecture, positions: positions, check, &notes)
    let body = BodyConfiguration(
      architecture: architecture, hiddenSize: hidden, layerCount: layers, headCount: heads,
      intermediateSize: intermediate, vocabularySize: vocabulary, positionRows: positions,
      tokenTypeRows: types, layerNormEpsilon: Float(epsilon),
      activation: try activation(check, &notes), firstPosition: first)
    try refuseOtherArithmetic(check)
    return body
  }

  /// RoBERTa and XLM-R count positions from the padding index; BERT ignores it (multilingual-e5-small is a
  /// BERT body under an XLM-R tokenizer, so the tokenizer must have no say here).
  private func firstPosition(
    _ architecture: Architecture, positions: Int, _ check: Check, _ notes: inout [String]
  ) throws(ModelFilesError) -> Int {
    switch architecture {
    case .bert:
      return 0
    case .roberta, .xlmRoberta:
      let pad = padTokenID?.value ?? Self.noted(1, .padTokenID, &notes)
      guard pad >= 0, pad < positions - 1 else {
        throw check.malformed(
          .padTokenID,
          "is \(pad); expected at least 0 and, since positions start after it, less than "
            + "max_position_embeddings \(positions) - 1")
      }
      return pad + 1
    }
  }

  private func activation(
    _ check: Check, _ notes: inout [String]
  ) throws(ModelFilesError) -> Activation {
    switch hiddenActivation ?? Self.noted("gelu", .hiddenActivation, &notes) {
    case "gelu": return .gelu
    case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": return .geluTanh
    case "relu": return .relu
    case let other:
      throw check.unsupported(
        .hiddenActivation,
        "is '\(other)'; supported are gelu, gelu_new, gelu_pytorch_tanh, gelu_fast and relu")
    }
  }

  private func refuseOtherArithmetic(_ check: Check) throws(ModelFilesError) {
    if let type = positionEmbeddingType, type != "absolute" {
      throw check.unsupported(.positionEmbeddingType, "is '\(type)'; only 'absolute' is supported")
    }
    if isDecoder == true {
      throw check.unsupported(.isDecoder, "is true; only encoders are supported")
    }
    if addsCrossAttention == true {
      throw check.unsupported(.addsCrossAttention, "is true; only plain encoders are supported")
    }
  }

  private static func noted<Value>(
    _ value: Value, _ key: CodingKeys, _ notes: inout [String]
  ) -> Value {
    notes.append("\(key.rawValue): absent from config.json, the format's default \(value)")
    return value
  }

  /// Range checks that name the file and the key.
  private struct Check {
    let path: String

    func size(
      _ value: Int, _ key: CodingKeys, upTo limit: Int
    ) throws(ModelFilesError) -> Int {
      guard value >= 1, value <= limit else {
        throw malformed(key, "is \(value); expected a whole number from 1 to \(limit)")
      }
      return value
    }

    func malformed(_ key: CodingKeys, _ message: String) -> ModelFilesError {
      ModelFilesError(code: .malformed, file: path, key: key.rawValue, message: message)
    }

    func unsupported(_ key: CodingKeys, _ message: String) -> ModelFilesError {
      ModelFilesError(code: .unsupported, file: path, key: key.rawValue, message: message)
    }
  }
}
