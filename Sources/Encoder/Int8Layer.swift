import CKernels
import ModelFiles

/// A layer whose products are computed in 8-bit integers; attention, norms and residuals stay in 32-bit
/// floating point. It takes the hidden state in both forms and leaves it in both.
final class Int8Layer: TransformerLayer {
  /// Query, key and value as one product of 3H outputs.
  private let queryKeyValue: Int8Product
  private let attentionOutput: Int8Product
  private let attentionNorm: NormWeights
  private let intermediate: Int8Product
  private let output: Int8Product
  private let outputNorm: NormWeights
  private let kernels: Int8Kernels
  private let activation: duri_int8_epilogue

  /// The products are not packed yet.
  ///
  /// - Throws: ``EncoderError`` (`unsupported`) if a product has more inputs than the kernels take.
  init(
    _ layer: LayerTensors, _ body: BodyConfiguration, _ kernels: Int8Kernels,
    packing: inout ProductPacking
  ) throws(EncoderError) {
    self.kernels = kernels
    activation = body.activation.epilogue
    queryKeyValue = try Int8Product(
      kernels, [layer.queryWeight, layer.keyWeight, layer.valueWeight],
      [layer.queryBias, layer.keyBias, layer.valueBias], inputs: body.hiddenSize,
      packing: &packing)
    attentionOutput = try Int8Product(
      kernels, [layer.attentionOutputWeight], [layer.attentionOutputBias],
      inputs: body.hiddenSize, packing: &packing)
    attentionNorm = NormWeights(layer.attentionNormWeight, layer.attentionNormBias)
    intermediate = try Int8Product(
      kernels, [layer.intermediateWeight], [layer.intermediateBias], inputs: body.hiddenSize,
      packing: &packing)
    output = try Int8Product(
      kernels, [layer.outputWeight], [layer.outputBias], inputs: body.intermediateSize,
      packing: &packing)
    outputNorm = NormWeights(layer.outputNormWeight, layer.outputNormBias)
  }

  func run(_ pass: ForwardPass) {
    let space = pass.workspace
    let h = pass.body.hiddenSize
    let stride = space.shape.hidden
    let wide = space.shape.intermediate
    pass.run([
      .product(outputs: 3 * h) { part in
        let wide = space.shape.queryKeyValue
        self.queryKeyValue.compute(
          part, from: space.quantizedHidden.from(part.first),
          to: space.queryKeyValue + part.first * wide, wide)
      }
    ])
    pass.attend()
    pass.run([
      // hidden = norm(hidden + W·context + b)
      .rows { part in
        self.kernels.quantize(
          space.context + part.first * stride, stride, to: space.quantizedStrip.from(part.strip),
          rows: part.rows.count, inputs: h)
      },
      .product(outputs: h) { part in
        self.attentionOutput.compute(
          part, from: space.quantizedStrip.from(part.strip),
          to: space.hidden + part.first * stride, stride, then: DURI_INT8_RESIDUAL)
      },
      .rows { self.normalize(pass, $0, self.attentionNorm) },
      // intermediate = f(W·hidden + b)
      .product(outputs: pass.body.intermediateSize) { part in
        self.intermediate.compute(
          part, from: space.quantizedHidden.from(part.first),
          to: space.intermediate + part.strip * wide, wide, then: self.activation)
      },
      // hidden = norm(hidden + W·intermediate + b)
      .rows { part in
        self.kernels.quantize(
          space.intermediate + part.strip * wide, wide, to: space.quantizedStrip.from(part.strip),
          rows: part.rows.count, inputs: pass.body.intermediateSize)
      },
      .product(outputs: h) { part in
        self.output.compute(
          part, from: space.quantizedStrip.from(part.strip),
          to: space.hidden + part.first * stride, stride, then: DURI_INT8_RESIDUAL)
      },
      .rows { self.normalize(pass, $0, self.outputNorm) },
    ])
  }

  /// hidden = norm(hidden), in both forms.
  private func normalize(_ pass: ForwardPass, _ part: ForwardPass.Part, _ norm: NormWeights) {
    let stride = pass.workspace.shape.hidden
    let hidden = pass.workspace.hidden + part.first * stride
    let quantized = pass.workspace.quantizedHidden.from(part.first)
    kernels.table.pointee.norm_quantize(
      hidden, stride, quantized.values, quantized.stride, quantized.scale, quantized.zero, hidden,
      stride, norm.gamma.pointer, norm.beta.pointer, pass.body.layerNormEpsilon, part.rows.count,
      pass.body.hiddenSize)
  }
}

extension Activation {
  fileprivate var epilogue: duri_int8_epilogue {
    switch self {
    // Within 3e-6 of the exact one; the result is rounded to 8 bits next.
    case .gelu: DURI_INT8_GELU_TABLE
    case .geluTanh: DURI_INT8_GELU_TANH
    case .relu: DURI_INT8_RELU
    }
  }
}
