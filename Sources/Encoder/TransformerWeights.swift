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
  let layers: LayerSource
  let denseModules: [DenseWeights]

  /// - Parameter keepsLayers: false makes f32 layers anew for each block.
  /// - Throws: ``EncoderError`` (`unsupported`).
  init(
    _ folder: ModelFolder, precision: Precision, int8Kernels: Int8Kernels, keepsLayers: Bool
  ) throws(EncoderError) {
    let body = folder.contract.body
    let tensors = folder.tensors
    wordEmbeddings = tensors.wordEmbeddings
    positionEmbeddings = FloatTensor(tensors.positionEmbeddings)
    tokenTypeEmbedding = FloatTensor(tensors.tokenTypeEmbeddings)
    embeddingNorm = NormWeights(tensors.embeddingNormWeight, tensors.embeddingNormBias)
    switch precision {
    case .f32:
      layers =
        keepsLayers
        ? .kept(tensors.layers.map { F32Layer($0, body) }) : .passing(tensors.layers, body)
    case .int8:
      var packing = Int8Packing()
      var layers: [Int8Layer] = []
      for layer in tensors.layers {
        layers.append(try Int8Layer(layer, body, int8Kernels, packing: &packing))
      }
      packing.run(int8Kernels)
      self.layers = .kept(layers)
    }
    var modules: [DenseWeights] = []
    for module in folder.contract.denseModules {
      let (weight, bias) = try Self.denseWeights(module, of: folder)
      let linear = LinearWeights(
        outputs: module.outputSize, inputs: module.inputSize, weight: FloatTensor(weight),
        bias: bias.map(FloatTensor.init) ?? FloatTensor(zeros: module.outputSize))
      modules.append(DenseWeights(linear: linear, function: module.function))
    }
    denseModules = modules
  }
  private static func denseWeights(
    _ module: DenseModule, of folder: ModelFolder
  ) throws(EncoderError) -> (weight: TensorView, bias: TensorView?) {
    do {
      return try folder.denseWeights(module)
    } catch {
      throw EncoderError(code: .unsupported, message: error.description)
    }
  }
}
