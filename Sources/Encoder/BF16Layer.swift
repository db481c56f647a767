import CKernels
import ModelFiles

/// A layer whose products have factors in bfloat16; sums, norms and residuals stay in 32-bit
/// floating point. It takes the hidden state in both forms and leaves it in both.
final class BF16Layer: TransformerLayer {
  /// Query, key and value as one product of 3H outputs.
  private let queryKeyValue: BF16Product
  private let attentionOutput: BF16Product
  private let attentionNorm: NormWeights
  private let intermediate: BF16Product
  private let output: BF16Product
  private let outputNorm: NormWeights
  private let kernels: BF16Kernels
  private let activation: duri_bf16_epilogue

  /// The products are not packed yet.
  ///
  /// - Throws: ``EncoderError`` (`unsupported`) if a product has more inputs than the kernels take.
  init(
    _ layer: LayerTensors, _ body: BodyConfiguration, _ kernels: BF16Kernels,
    packing: inout ProductPacking
  ) throws(EncoderError) {
    self.kernels = kernels
    activation = body.activation.epilogue
    queryKeyValue = try BF16Product(
      kernels, [layer.queryWeight, layer.keyWeight, layer.valueWeight],
      [layer.queryBias, layer.keyBias, layer.valueBias], inputs: body.hiddenSize,
      packing: &packing)
    attentionOutput = try BF16Product(
      kernels, [layer.attentionOutputWeight], [layer.attentionOutputBias],
      inputs: body.hiddenSize, packing: &packing)
    attentionNorm = NormWeights(layer.attentionNormWeight, layer.attentionNormBias)
    intermediate = try BF16Product(
      kernels, [layer.intermediateWeight], [layer.intermediateBias], inputs: body.hiddenSize,
      packing: &packing)
    output = try BF16Product(
      kernels, [layer.outputWeight], [layer.outputBias], inputs: body.intermediateSize,
      packing: &packing)
    outputNorm = NormWeights(layer.outputNormWeight, layer.outputNormBias)
  }

  func run(_ pass: ForwardPass) {
    let space = pass.workspace
    let h = pass.body.hiddenSize
    let stride = space.shape.hidden
    pass.run([
      .product(outputs: 3 * h) { part in
        let wide = space.shape.queryKeyValue
        self.queryKeyValue.compute(
          part, from: space.roundedHidden.from(part.first),
          to: space.queryKeyValue + part.first * wide, wide)
      }
    ])
    pass.attend()
    pass.run([
      // hidden = norm(hidden + W·context + b)
      .rows { part in
        self.kernels.round(
          space.context + part.first * stride, stride, to: space.roundedStrip.from(part.strip),
          rows: part.rows.count, inputs: h)
      },
      .product(outputs: h) { part in
        self.attentionOutput.compute(
          part, from: space.roundedStrip.from(part.strip), to: space.hidden + part.first * stride,
          stride, then: DURI_BF16_RESIDUAL)
      },
      .rows { self.normalize(pass, $0, self.attentionNorm) },
      // roundedStrip = f(W·hidden + b)
      .product(outputs: pass.body.intermediateSize) { part in
        self.intermediate.compute(
          part, from: space.roundedHidden.from(part.first),
          to: space.roundedStrip.from(part.strip), then: self.activation)
      },
      // hidden = norm(hidden + W·roundedStrip + b)
      .product(outputs: h) { part in
        self.output.compute(
          part, from: space.roundedStrip.from(part.strip), to: space.hidden + part.first * stride,
          stride, then: DURI_BF16_RESIDUAL)
      },
      .rows { self.normalize(pass, $0, self.outputNorm) },
    ])
  }

  /// hidden = norm(hidden), in both forms.
  private func normalize(_ pass: ForwardPass, _ part: ForwardPass.Part, _ norm: NormWeights) {
    let stride = pass.workspace.shape.hidden
    let hidden = pass.workspace.hidden + part.first * stride
    let rounded = pass.workspace.roundedHidden.from(part.first)
    kernels.table.pointee.norm(
      hidden, stride, rounded.values, rounded.stride, hidden, stride, norm.gamma.pointer,
      norm.beta.pointer, pass.body.layerNormEpsilon, part.rows.count, pass.body.hiddenSize)
  }
}

extension Activation {
  fileprivate var epilogue: duri_bf16_epilogue {
    switch self {
    case .gelu: DURI_BF16_GELU_ERF
    case .geluTanh: DURI_BF16_GELU_TANH
    case .relu: DURI_BF16_RELU
    }
  }
}
