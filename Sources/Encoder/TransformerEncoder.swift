import CKernels
import ModelFiles

/// BERT and XLM-RoBERTa bodies: token ids → hidden states → pooled vectors.
///
/// The block is computed as one matrix of T tokens; only attention and pooling look at where a text
/// starts. Shapes: T tokens, H hidden size, I intermediate size, N texts.
///
/// Follows Devlin et al. 2019 (BERT, post-norm layers) and Conneau et al. 2020 (XLM-R).
public final class TransformerEncoder: BlockEncoder {
  public let dimension: Int
  public let maximumTokens: Int

  private let body: BodyConfiguration
  private let pooling: Pooling
  private let weights: TransformerWeights
  private let kernels: Kernels

  /// Maps or converts the weights.
  ///
  /// - Throws: ``EncoderError`` (`unsupported`) for shapes the kernels do not serve or dense modules
  ///   whose sizes do not follow one another.
  public convenience init(
    _ folder: ModelFolder, precision: Precision
  ) throws(EncoderError) {
    try self.init(folder, precision: precision, kernels: .best)
  }

  init(
    _ folder: ModelFolder, precision: Precision, kernels: Kernels
  ) throws(EncoderError) {
    let contract = folder.contract
    try Self.check(contract)
    body = contract.body
    pooling = contract.pooling
    dimension = contract.dimension
    maximumTokens = min(contract.maximumTokens, contract.body.usableLength)
    self.kernels = kernels
    switch precision {
    case .f32:
      do {
        weights = try TransformerWeights(folder)
      } catch {
        throw EncoderError(code: .unsupported, message: error.description)
      }
    }
  }

  /// The kernels in use ("generic", "avx2" or "avx512").
  public var kernelsName: String { kernels.name }

  /// Whether a text's vector has the same bits in every block. True unless the products go through the
  /// BLAS (kernels "generic"), where vectors agree to about 1e-6.
  public var isBlockInvariant: Bool { kernels.rowsAreIndependent }

  public func makeWorkspace(tokens: Int) -> TransformerWorkspace {
    TransformerWorkspace(shape: workspaceShape(tokens: tokens))
  }

  public func encode(
    _ block: Block, using workspace: TransformerWorkspace,
    into output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError) {
    try check(block, workspace, output)
    guard block.textCount > 0, let vectors = output.baseAddress else { return }
    embed(block, workspace)
    for layer in weights.layers {
      attend(layer, block, workspace)
      feedForward(layer, block.tokenCount, workspace)
    }
    for text in 0..<block.textCount {
      pool(
        first: block.starts[text], end: block.starts[text + 1], workspace,
        into: vectors + text * dimension)
    }
  }

  // MARK: - Forward pass

  /// hidden = norm(word row + position row + token type row 0).
  private func embed(_ block: Block, _ workspace: TransformerWorkspace) {
    let h = body.hiddenSize, stride = workspace.shape.hidden
    for (token, id) in block.ids.enumerated() {
      weights.wordEmbeddings.read(
        from: Int(id) * h,
        into: UnsafeMutableBufferPointer(start: workspace.projected + token * stride, count: h))
    }
    let positions = weights.positionEmbeddings.pointer + body.firstPosition * h
    for text in 0..<block.textCount {
      let first = block.starts[text], count = block.starts[text + 1] - first
      kernels.table.pointee.residual_norm(
        workspace.hidden + first * stride, stride, workspace.projected + first * stride, stride,
        positions, h, weights.tokenTypeEmbedding.pointer, weights.embeddingNorm.gamma.pointer,
        weights.embeddingNorm.beta.pointer, body.layerNormEpsilon, count, h)
    }
  }

  /// hidden = norm(hidden + W·attention(hidden) + b).
  private func attend(
    _ layer: LayerWeights, _ block: Block, _ workspace: TransformerWorkspace
  ) {
    let h = body.hiddenSize, tokens = block.tokenCount
    let stride = workspace.shape.hidden, wideStride = workspace.shape.queryKeyValue
    let wide = workspace.queryKeyValue
    kernels.linear(
      wide, wideStride, workspace.hidden, stride, weight: layer.query.pointer,
      rows: tokens, outputs: h, inputs: h)
    kernels.linear(
      wide + h, wideStride, workspace.hidden, stride, weight: layer.key.pointer,
      rows: tokens, outputs: h, inputs: h)
    kernels.linear(
      wide + 2 * h, wideStride, workspace.hidden, stride, weight: layer.value.pointer,
      rows: tokens, outputs: h, inputs: h)
    duri_add_bias(wide, wideStride, layer.queryKeyValueBias.pointer, tokens, 3 * h)
    for text in 0..<block.textCount {
      let first = block.starts[text]
      duri_attention(
        kernels.table, workspace.context + first * stride, stride, wide + first * wideStride,
        wideStride, block.starts[text + 1] - first, body.headCount, body.headSize,
        workspace.attention)
    }
    kernels.linear(
      workspace.projected, stride, workspace.context, stride,
      weight: layer.attentionOutput.weight.pointer, rows: tokens, outputs: h, inputs: h)
    addAndNorm(tokens, bias: layer.attentionOutput.bias, layer.attentionNorm, workspace)
  }

  /// hidden = norm(hidden + W₂·f(W₁·hidden + b₁) + b₂).
  private func feedForward(
    _ layer: LayerWeights, _ tokens: Int, _ workspace: TransformerWorkspace
  ) {
    let h = body.hiddenSize, stride = workspace.shape.hidden
    let i = body.intermediateSize, wideStride = workspace.shape.intermediate
    kernels.linear(
      workspace.intermediate, wideStride, workspace.hidden, stride,
      weight: layer.intermediate.weight.pointer, rows: tokens, outputs: i, inputs: h)
    kernels.table.pointee.activate(
      workspace.intermediate, wideStride, layer.intermediate.bias.pointer, tokens, i,
      body.activation.kernel)
    kernels.linear(
      workspace.projected, stride, workspace.intermediate, wideStride,
      weight: layer.output.weight.pointer, rows: tokens, outputs: h, inputs: i)
    addAndNorm(tokens, bias: layer.output.bias, layer.outputNorm, workspace)
  }

  /// hidden = norm(projected + bias + hidden).
  private func addAndNorm(
    _ tokens: Int, bias: FloatTensor, _ norm: NormWeights, _ workspace: TransformerWorkspace
  ) {
    let stride = workspace.shape.hidden, hidden = workspace.hidden
    kernels.table.pointee.residual_norm(
      hidden, stride, workspace.projected, stride, hidden, stride, bias.pointer,
      norm.gamma.pointer, norm.beta.pointer, body.layerNormEpsilon, tokens, body.hiddenSize)
  }

  // MARK: - After the body

  /// vector = dense modules of pool(hidden[first..<end]).
  private func pool(
    first: Int, end: Int, _ workspace: TransformerWorkspace, into vector: UnsafeMutablePointer<Float>
  ) {
    let h = body.hiddenSize, stride = workspace.shape.hidden, count = end - first
    let tokens = workspace.hidden + first * stride
    var (current, next) = workspace.vectors
    switch pooling {
    case .mean: duri_pool_sum(current, tokens, stride, count, h, Double(count))
    case .meanSqrtLength:
      duri_pool_sum(current, tokens, stride, count, h, Double(count).squareRoot())
    case .max: duri_pool_max(current, tokens, stride, count, h)
    case .cls: current.update(from: tokens, count: h)
    case .lastToken: current.update(from: tokens + (count - 1) * stride, count: h)
    }
    for module in weights.denseModules {
      let linear = module.linear
      kernels.linear(
        next, linear.outputs, current, linear.inputs, weight: linear.weight.pointer, rows: 1,
        outputs: linear.outputs, inputs: linear.inputs)
      duri_add_bias(next, linear.outputs, linear.bias.pointer, 1, linear.outputs)
      if module.function == .tanh { duri_tanh(next, linear.outputs) }
      swap(&current, &next)
    }
    vector.update(from: current, count: dimension)
  }
}

// MARK: - Checks

extension TransformerEncoder {
  /// Largest workspace in tokens; it bounds every product of sizes below.
  private static let tokenLimit = 1 << 20

  private func workspaceShape(tokens: Int) -> TransformerWorkspace.Shape {
    TransformerWorkspace.Shape(
      tokens: min(max(tokens, maximumTokens), max(Self.tokenLimit, maximumTokens)), body: body,
      maximumTokens: maximumTokens,
      vector: weights.denseModules.reduce(body.hiddenSize) { max($0, $1.linear.outputs) })
  }

  /// What the arithmetic relies on, beyond what opening the folder has checked.
  private static func check(_ contract: ModelContract) throws(EncoderError) {
    let body = contract.body
    let widest = 1 << 24
    guard body.headCount > 0, body.hiddenSize > 0, body.hiddenSize % body.headCount == 0 else {
      throw EncoderError(
        code: .unsupported,
        message: "hidden size \(body.hiddenSize) is not a multiple of \(body.headCount) heads")
    }
    guard body.hiddenSize <= widest, (1...widest).contains(body.intermediateSize) else {
      throw EncoderError(
        code: .unsupported,
        message: "hidden size \(body.hiddenSize) and intermediate size \(body.intermediateSize) "
          + "must lie in 1...\(widest)")
    }
    guard contract.maximumTokens > 0, body.firstPosition >= 0, body.usableLength > 0,
      body.positionRows <= widest
    else {
      throw EncoderError(
        code: .unsupported,
        message: "\(body.positionRows) position rows from row \(body.firstPosition) leave no usable "
          + "length, or more than \(widest)")
    }
    var width = body.hiddenSize
    for module in contract.denseModules {
      guard module.inputSize == width, (1...widest).contains(module.outputSize) else {
        throw EncoderError(
          code: .unsupported,
          message: "dense module '\(module.path)' takes \(module.inputSize) and gives "
            + "\(module.outputSize) values; \(width) come in")
      }
      width = module.outputSize
    }
    guard contract.dimension == width else {
      throw EncoderError(
        code: .unsupported,
        message: "the model's dimension \(contract.dimension) is not the \(width) it computes")
    }
  }

  private func check(
    _ block: Block, _ workspace: TransformerWorkspace,
    _ output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError) {
    func invalid(_ message: String) -> EncoderError {
      EncoderError(code: .invalidBlock, message: message)
    }
    guard workspace.shape == workspaceShape(tokens: workspace.tokens) else {
      throw invalid("the workspace was made by another encoder; make one with this encoder")
    }
    guard block.tokenCount <= workspace.tokens else {
      throw invalid(
        "the block has \(block.tokenCount) tokens, the workspace holds \(workspace.tokens); "
          + "split the block")
    }
    guard output.count / dimension >= block.textCount else {
      throw invalid(
        "\(block.textCount) vectors of \(dimension) values do not fit an output of "
          + "\(output.count) values")
    }
    for text in 0..<block.textCount {
      let count = block.starts[text + 1] - block.starts[text]
      guard count > 0 else {
        throw invalid("text \(text) of the block has no tokens; leave it out")
      }
      guard count <= maximumTokens else {
        throw invalid(
          "text \(text) of the block has \(count) tokens; the model takes \(maximumTokens)")
      }
    }
    let vocabulary = body.vocabularySize
    for (token, id) in block.ids.enumerated() where id < 0 || Int(id) >= vocabulary {
      throw invalid(
        "token \(token) of the block has id \(id); the model's ids are 0..<\(vocabulary)")
    }
  }
}

extension Activation {
  fileprivate var kernel: duri_activation {
    switch self {
    case .gelu: DURI_GELU_ERF
    case .geluTanh: DURI_GELU_TANH
    case .relu: DURI_RELU
    }
  }
}
