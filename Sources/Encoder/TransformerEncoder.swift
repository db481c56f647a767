import CKernels
import ModelFiles

/// BERT and XLM-RoBERTa bodies: token ids → hidden states → pooled vectors.
///
/// The block is computed as one matrix of T tokens; only attention and pooling look at where a text
/// starts. Shapes: T tokens, H hidden size, I intermediate size, N texts. What happens inside a layer:
/// `F32Layer`, `BF16Layer` and `Int8Layer`; who computes which part of it: `ForwardPass`.
///
/// Follows Devlin et al. 2019 (BERT, post-norm layers) and Conneau et al. 2020 (XLM-R).
public final class TransformerEncoder: BlockEncoder {
  public let dimension: Int
  public let maximumTokens: Int

  let body: BodyConfiguration
  private let pooling: Pooling
  let weights: TransformerWeights
  let kernels: Kernels
  private let int8Kernels: Int8Kernels
  private let bf16Kernels: BF16Kernels
  public let precision: Precision

  /// Maps, converts or packs the weights.
  ///
  /// - Throws: ``EncoderError`` (`unsupported`) for shapes the kernels do not serve or dense modules
  ///   whose sizes do not follow one another.
  public convenience init(
    _ folder: ModelFolder, precision: Precision
  ) throws(EncoderError) {
    try self.init(folder, precision: precision, kernels: .best)
  }

  /// An f32 encoder for one block: it keeps no layer's weights.
  convenience init(passing folder: ModelFolder, kernels: Kernels) throws(EncoderError) {
    try self.init(folder, precision: .f32, kernels: kernels, keepsLayers: false)
  }

  init(
    _ folder: ModelFolder, precision: Precision, kernels: Kernels,
    int8Kernels: Int8Kernels = .best, bf16Kernels: BF16Kernels = .best, keepsLayers: Bool = true
  ) throws(EncoderError) {
    let contract = folder.contract
    try Self.check(contract)
    body = contract.body
    pooling = contract.pooling
    dimension = contract.dimension
    maximumTokens = min(contract.maximumTokens, contract.body.usableLength)
    self.kernels = kernels
    self.int8Kernels = int8Kernels
    self.bf16Kernels = bf16Kernels
    self.precision = precision
    weights = try TransformerWeights(
      folder, precision: precision, int8Kernels: int8Kernels, bf16Kernels: bf16Kernels,
      keepsLayers: keepsLayers)
  }

  /// The kernels in use: "generic", "avx2", "avx512" or "avx512bf16", and behind a "+" those of
  /// int8 or bf16 products.
  public var kernelsName: String {
    switch precision {
    case .f32: kernels.name
    case .bf16: kernels.name + "+" + bf16Kernels.name
    case .int8: kernels.name + "+" + int8Kernels.name
    }
  }

  /// Whether a text's vector has the same bits in every block. True unless the products go through the
  /// BLAS (f32 with kernels "generic"), where vectors agree to about 1e-6.
  public var isBlockInvariant: Bool { precision != .f32 || kernels.rowsAreIndependent }

  /// The precisions that this CPU computes faster than f32, the fastest first. Without instructions
  /// for bfloat16, bf16 is no faster.
  public static var fasterPrecisions: [Precision] {
    (Int8Kernels.best.name != "generic" ? [.int8] : [])
      + (["amx", "avx512bf16"].contains(BF16Kernels.best.name) ? [.bf16] : [])
  }

  public func makeWorkspace(tokens: Int) -> TransformerWorkspace {
    TransformerWorkspace(shape: workspaceShape(tokens: tokens))
  }

  public func encode(
    _ block: Block, using workspace: TransformerWorkspace,
    into output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError) {
    try encode(block, using: workspace, team: Team(size: 1), into: output)
  }

  public func encode(
    _ block: Block, using workspace: TransformerWorkspace, team: Team,
    into output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError) {
    try check(block, workspace, output)
    guard block.textCount > 0, let vectors = output.baseAddress else { return }
    let pass = ForwardPass(block, body, workspace, kernels, precision, team)
    var first: [ForwardPass.Step] = [.rows { self.embed(pass, $0.rows) }]
    if precision != .f32 { first.append(.rows { self.convert(pass, $0) }) }
    pass.run(first)
    weights.layers.forEach { $0.run(pass) }
    pool(pass, into: vectors)
  }

  // MARK: - Before the layers

  /// hidden = norm(word row + position row + token type row).
  private func embed(_ pass: ForwardPass, _ rows: Range<Int>) {
    let h = body.hiddenSize
    let stride = pass.workspace.shape.hidden
    let hidden = pass.workspace.hidden
    for token in rows {
      weights.wordEmbeddings.read(
        from: Int(pass.block.ids[token]) * h,
        into: UnsafeMutableBufferPointer(start: hidden + token * stride, count: h))
    }
    for text in 0..<pass.block.textCount {
      let start = pass.block.starts[text]
      let second = pass.block.secondStarts[text]
      let end = pass.block.starts[text + 1]
      embed(pass, rows.clamped(to: start..<second), from: start, type: 0)
      embed(pass, rows.clamped(to: second..<end), from: start, type: 1)
    }
  }

  /// The same for tokens of one text, which starts at token `start`, and of one type.
  private func embed(_ pass: ForwardPass, _ tokens: Range<Int>, from start: Int, type: Int) {
    guard !tokens.isEmpty else { return }
    let h = body.hiddenSize
    let stride = pass.workspace.shape.hidden
    let values = pass.workspace.hidden + tokens.lowerBound * stride
    kernels.table.pointee.residual_norm(
      values, stride, values, stride,
      weights.positionEmbeddings.pointer + (body.firstPosition + tokens.lowerBound - start) * h, h,
      weights.tokenTypeEmbeddings.pointer + type * h, weights.embeddingNorm.gamma.pointer,
      weights.embeddingNorm.beta.pointer, body.layerNormEpsilon, tokens.count, h)
  }

  /// The hidden state in 8 bits or bfloat16, for the first layer.
  private func convert(_ pass: ForwardPass, _ part: ForwardPass.Part) {
    let stride = pass.workspace.shape.hidden
    let hidden = pass.workspace.hidden + part.first * stride
    switch precision {
    case .f32: break
    case .bf16:
      bf16Kernels.round(
        hidden, stride, to: pass.workspace.roundedHidden.from(part.first), rows: part.rows.count,
        inputs: body.hiddenSize)
    case .int8:
      int8Kernels.quantize(
        hidden, stride, to: pass.workspace.quantizedHidden.from(part.first),
        rows: part.rows.count, inputs: body.hiddenSize)
    }
  }

  // MARK: - After the layers

  /// Every text's vector.
  private func pool(_ pass: ForwardPass, into vectors: UnsafeMutablePointer<Float>) {
    let texts = pass.block.textCount
    let pieces = min(texts, 4 * pass.team.size)
    pass.team.run(pieces) { piece, member in
      for text in texts * piece / pieces..<texts * (piece + 1) / pieces {
        self.pool(pass, text, member, into: vectors + text * self.dimension)
      }
    }
  }

  /// vector = dense modules of pool(hidden state of the text).
  private func pool(
    _ pass: ForwardPass, _ text: Int, _ member: Int, into vector: UnsafeMutablePointer<Float>
  ) {
    let h = body.hiddenSize
    let stride = pass.workspace.shape.hidden
    let first = pass.block.starts[text]
    let count = pass.block.starts[text + 1] - first
    let tokens = pass.workspace.hidden + first * stride
    var (current, next) = pass.workspace.vectors(member)
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
