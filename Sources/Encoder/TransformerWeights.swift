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

/// A dense module after pooling, or half of a scoring head: v = f(W·v + b).
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
  /// (types, H)
  let tokenTypeEmbeddings: FloatTensor
  let embeddingNorm: NormWeights
  let layers: LayerSource
  /// In f32 whatever the precision of the layers.
  let denseModules: [DenseWeights]

  /// - Parameter keepsLayers: false makes f32 layers anew for each block.
  /// - Throws: ``EncoderError`` (`unsupported`).
  init(
    _ folder: ModelFolder, precision: Precision, int8Kernels: Int8Kernels, bf16Kernels: BF16Kernels,
    keepsLayers: Bool
  ) throws(EncoderError) {
    let body = folder.contract.body
    let tensors = folder.tensors
    wordEmbeddings = tensors.wordEmbeddings
    positionEmbeddings = FloatTensor(tensors.positionEmbeddings)
    tokenTypeEmbeddings = FloatTensor(tensors.tokenTypeEmbeddings)
    embeddingNorm = NormWeights(tensors.embeddingNormWeight, tensors.embeddingNormBias)
    switch precision {
    case .f32:
      layers =
        keepsLayers
        ? .kept(tensors.layers.map { F32Layer($0, body) }) : .passing(tensors.layers, body)
    case .bf16:
      layers = try Self.packed(tensors.layers) { layer, packing throws(EncoderError) in
        try BF16Layer(layer, body, bf16Kernels, packing: &packing)
      }
    case .int8:
      layers = try Self.packed(tensors.layers) { layer, packing throws(EncoderError) in
        try Int8Layer(layer, body, int8Kernels, packing: &packing)
      }
    }
    var modules: [DenseWeights] = []
    for module in folder.contract.denseModules {
      let (weight, bias) = try Self.denseWeights(module, of: folder)
      let linear = LinearWeights(
        outputs: module.outputSize, inputs: module.inputSize, weight: FloatTensor(weight),
        bias: bias.map(FloatTensor.init) ?? FloatTensor(zeros: module.outputSize))
      modules.append(DenseWeights(linear: linear, function: module.function))
    }
    if let head = folder.head { modules += Self.scoring(head, hidden: body.hiddenSize) }
    denseModules = modules
  }

  /// Layers whose products are packed when all of them are known.
  private static func packed(
    _ layers: [LayerTensors],
    _ make: (LayerTensors, inout ProductPacking) throws(EncoderError) -> any TransformerLayer
  ) throws(EncoderError) -> LayerSource {
    var packing = ProductPacking()
    var made: [any TransformerLayer] = []
    for layer in layers { made.append(try make(layer, &packing)) }
    packing.run()
    return .kept(made)
  }

  /// A scoring head is two dense modules behind the first token's hidden state.
  private static func scoring(_ head: HeadTensors, hidden: Int) -> [DenseWeights] {
    [
      DenseWeights(
        linear: LinearWeights(
          outputs: hidden, inputs: hidden, weight: FloatTensor(head.denseWeight),
          bias: FloatTensor(head.denseBias)), function: .tanh),
      DenseWeights(
        linear: LinearWeights(
          outputs: 1, inputs: hidden, weight: FloatTensor(head.scoreWeight),
          bias: FloatTensor(head.scoreBias)), function: .identity),
    ]
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
