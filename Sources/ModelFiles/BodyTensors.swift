/// The tensors of the transformer body, in the order the forward pass uses them.
///
/// H = hidden size, I = intermediate size, V = vocabulary rows, P = position rows, T = token types.
public struct BodyTensors: Sendable {
  /// (V, H)
  public let wordEmbeddings: TensorView
  /// (P, H)
  public let positionEmbeddings: TensorView
  /// (T, H)
  public let tokenTypeEmbeddings: TensorView
  /// (H)
  public let embeddingNormWeight: TensorView
  /// (H)
  public let embeddingNormBias: TensorView
  /// One per layer, first layer first.
  public let layers: [LayerTensors]
}

/// One layer. Weights are (out, in), row-major: y = x·Wᵀ + b.
public struct LayerTensors: Sendable {
  /// (H, H)
  public let queryWeight: TensorView
  /// (H)
  public let queryBias: TensorView
  /// (H, H)
  public let keyWeight: TensorView
  /// (H)
  public let keyBias: TensorView
  /// (H, H)
  public let valueWeight: TensorView
  /// (H)
  public let valueBias: TensorView
  /// (H, H)
  public let attentionOutputWeight: TensorView
  /// (H)
  public let attentionOutputBias: TensorView
  /// (H)
  public let attentionNormWeight: TensorView
  /// (H)
  public let attentionNormBias: TensorView
  /// (I, H)
  public let intermediateWeight: TensorView
  /// (I)
  public let intermediateBias: TensorView
  /// (H, I)
  public let outputWeight: TensorView
  /// (H)
  public let outputBias: TensorView
  /// (H)
  public let outputNormWeight: TensorView
  /// (H)
  public let outputNormBias: TensorView
}

extension BodyTensors {
  /// Finds every tensor of the body and checks its shape against the configuration.
  init(weights: WeightFiles, body: BodyConfiguration) throws(ModelFilesError) {
    let reader = BodyReader(
      weights: weights, prefix: try BodyReader.prefix(in: weights), hidden: body.hiddenSize)
    let hidden = body.hiddenSize
    wordEmbeddings = try reader.table("word", rows: body.vocabularySize)
    positionEmbeddings = try reader.table("position", rows: body.positionRows)
    tokenTypeEmbeddings = try reader.table("token_type", rows: body.tokenTypeRows)
    (embeddingNormWeight, embeddingNormBias) = try reader.norm("embeddings.LayerNorm")
    var layers: [LayerTensors] = []
    layers.reserveCapacity(body.layerCount)
    for number in 0..<body.layerCount {
      let layer = "encoder.layer.\(number)."
      let query = try reader.linear(layer + "attention.self.query", hidden, hidden)
      let key = try reader.linear(layer + "attention.self.key", hidden, hidden)
      let value = try reader.linear(layer + "attention.self.value", hidden, hidden)
      let attention = try reader.linear(layer + "attention.output.dense", hidden, hidden)
      let attentionNorm = try reader.norm(layer + "attention.output.LayerNorm")
      let up = try reader.linear(layer + "intermediate.dense", body.intermediateSize, hidden)
      let down = try reader.linear(layer + "output.dense", hidden, body.intermediateSize)
      let outputNorm = try reader.norm(layer + "output.LayerNorm")
      layers.append(
        LayerTensors(
          queryWeight: query.weight, queryBias: query.bias,
          keyWeight: key.weight, keyBias: key.bias,
          valueWeight: value.weight, valueBias: value.bias,
          attentionOutputWeight: attention.weight, attentionOutputBias: attention.bias,
          attentionNormWeight: attentionNorm.weight, attentionNormBias: attentionNorm.bias,
          intermediateWeight: up.weight, intermediateBias: up.bias,
          outputWeight: down.weight, outputBias: down.bias,
          outputNormWeight: outputNorm.weight, outputNormBias: outputNorm.bias))
    }
    self.layers = layers
  }
}

/// Looks tensors up under the checkpoint's own prefix and old or new norm names.
struct BodyReader {
  typealias Pair = (weight: TensorView, bias: TensorView)

  let weights: WeightFiles
  let prefix: String
  let hidden: Int

  /// What stands before `embeddings.…`: "" when the body was saved alone, `bert.` or `roberta.`
  /// when it was saved inside a model with a head. Decided by the one name every body has.
  static func prefix(in weights: WeightFiles) throws(ModelFilesError) -> String {
    let anchor = "embeddings.word_embeddings.weight"
    let found = weights.names.filter { $0 == anchor || $0.hasSuffix("." + anchor) }
    guard let name = found.first else {
      throw ModelFilesError(
        code: .malformed, file: weights.source, key: anchor,
        message: "is absent under any prefix; this is not a BERT or XLM-RoBERTa checkpoint")
    }
    guard found.count == 1 else {
      throw ModelFilesError(
        code: .unsupported, file: weights.source, key: anchor,
        message: "appears \(found.count) times (\(found.joined(separator: ", "))); a checkpoint "
          + "must hold one body")
    }
    return String(name.dropLast(anchor.count))
  }

  func table(_ kind: String, rows: Int) throws(ModelFilesError) -> TensorView {
    try weights.tensor(
      prefix + "embeddings.\(kind)_embeddings.weight", shape: [rows, hidden])
  }

  func linear(_ name: String, _ output: Int, _ input: Int) throws(ModelFilesError) -> Pair {
    let full = prefix + name
    return (
      try weights.tensor(full + ".weight", shape: [output, input]),
      try weights.tensor(full + ".bias", shape: [output])
    )
  }

  /// Checkpoints converted from TensorFlow call a norm's weight and bias gamma and beta.
  func norm(_ name: String) throws(ModelFilesError) -> Pair {
    let full = prefix + name
    let old = !weights.contains(full + ".weight") && weights.contains(full + ".gamma")
    return (
      try weights.tensor(full + (old ? ".gamma" : ".weight"), shape: [hidden]),
      try weights.tensor(full + (old ? ".beta" : ".bias"), shape: [hidden])
    )
  }
}
