import ModelFiles

/// y = x·Wᵀ + b; the bias is added by the kernel that follows the product.
struct LinearWeights: Sendable {
  let outputs: Int
  let inputs: Int
  /// (outputs, inputs)
  let weight: FloatTensor
  /// (outputs)
  let bias: FloatTensor
}

/// Scale and shift of a layer norm, (H) each.
struct NormWeights: Sendable {
  let gamma: FloatTensor
  let beta: FloatTensor

  init(_ weight: TensorView, _ bias: TensorView) {
    gamma = FloatTensor(weight)
    beta = FloatTensor(bias)
  }
}

/// One transformer layer. A class, so that a worker passing over it counts one reference, not twenty.
final class LayerWeights: Sendable {
  /// (H, H) each.
  let query, key, value: FloatTensor
  /// Biases of query, key and value side by side (3H).
  let queryKeyValueBias: FloatTensor
  let attentionOutput: LinearWeights
  let attentionNorm: NormWeights
  let intermediate: LinearWeights
  let output: LinearWeights
  let outputNorm: NormWeights

  init(_ layer: LayerTensors, _ body: BodyConfiguration) {
    query = FloatTensor(layer.queryWeight)
    key = FloatTensor(layer.keyWeight)
    value = FloatTensor(layer.valueWeight)
    queryKeyValueBias = FloatTensor(joining: [layer.queryBias, layer.keyBias, layer.valueBias])
    attentionOutput = LinearWeights(
      outputs: body.hiddenSize, inputs: body.hiddenSize,
      weight: FloatTensor(layer.attentionOutputWeight),
      bias: FloatTensor(layer.attentionOutputBias))
    attentionNorm = NormWeights(layer.attentionNormWeight, layer.attentionNormBias)
    intermediate = LinearWeights(
      outputs: body.intermediateSize, inputs: body.hiddenSize,
      weight: FloatTensor(layer.intermediateWeight), bias: FloatTensor(layer.intermediateBias))
    output = LinearWeights(
      outputs: body.hiddenSize, inputs: body.intermediateSize,
      weight: FloatTensor(layer.outputWeight), bias: FloatTensor(layer.outputBias))
    outputNorm = NormWeights(layer.outputNormWeight, layer.outputNormBias)
  }
}

/// A dense module after pooling: v = f(W·v + b).
struct DenseWeights: Sendable {
  let linear: LinearWeights
  let function: DenseModule.Function
}

/// Everything the forward pass reads; immutable, shared by all workers.
struct TransformerWeights: Sendable {
  /// (V, H), as in the file: rows are converted when looked up, so that only rows in use become
  /// resident.
  let wordEmbeddings: TensorView
  /// (P, H)
  let positionEmbeddings: FloatTensor
  /// Row 0 of the token type table (H).
  let tokenTypeEmbedding: FloatTensor
  let embeddingNorm: NormWeights
  let layers: [LayerWeights]
  let denseModules: [DenseWeights]

  init(_ folder: ModelFolder) throws(ModelFilesError) {
    let body = folder.contract.body, tensors = folder.tensors
    wordEmbeddings = tensors.wordEmbeddings
    positionEmbeddings = FloatTensor(tensors.positionEmbeddings)
    tokenTypeEmbedding = FloatTensor(tensors.tokenTypeEmbeddings)
    embeddingNorm = NormWeights(tensors.embeddingNormWeight, tensors.embeddingNormBias)
    layers = tensors.layers.map { LayerWeights($0, body) }
    var modules: [DenseWeights] = []
    for module in folder.contract.denseModules {
      let (weight, bias) = try folder.denseWeights(module)
      let linear = LinearWeights(
        outputs: module.outputSize, inputs: module.inputSize, weight: FloatTensor(weight),
        bias: bias.map(FloatTensor.init) ?? FloatTensor(zeros: module.outputSize))
      modules.append(DenseWeights(linear: linear, function: module.function))
    }
    denseModules = modules
  }
}
