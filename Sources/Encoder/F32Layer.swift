import CKernels
import ModelFiles

/// One transformer layer; a class, so that a worker passing over it counts one reference.
protocol TransformerLayer: AnyObject, Sendable {
  /// hidden → hidden, through attention and feed-forward.
  func run(_ pass: ForwardPass)
}

/// A layer in 32-bit floating point.
final class F32Layer: TransformerLayer {
  /// (H, H) each.
  private let query, key, value: FloatTensor
  /// Biases of query, key and value side by side (3H).
  private let queryKeyValueBias: FloatTensor
  private let attentionOutput: LinearWeights
  private let attentionNorm: NormWeights
  private let intermediate: LinearWeights
  private let output: LinearWeights
  private let outputNorm: NormWeights

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

  func run(_ pass: ForwardPass) {
    let hidden = pass.body.hiddenSize
    pass.run([.product(outputs: 3 * hidden) { self.queryKeyValue(pass, $0) }])
    pass.attend()
    pass.run([
      // hidden = norm(hidden + W·context + b)
      .product(outputs: hidden) { part in
        let stride = pass.workspace.shape.hidden
        self.product(
          pass, self.attentionOutput, part, from: pass.workspace.context + part.first * stride,
          stride, to: pass.workspace.projected + part.strip * stride, stride)
      },
      .rows { self.addAndNorm(pass, $0, bias: self.attentionOutput.bias, self.attentionNorm) },
      // intermediate = f(W·hidden + b)
      .product(outputs: pass.body.intermediateSize) { self.feedForward(pass, $0) },
      // hidden = norm(hidden + W·intermediate + b)
      .product(outputs: hidden) { part in
        let wide = pass.workspace.shape.intermediate
        let stride = pass.workspace.shape.hidden
        self.product(
          pass, self.output, part, from: pass.workspace.intermediate + part.strip * wide, wide,
          to: pass.workspace.projected + part.strip * stride, stride)
      },
      .rows { self.addAndNorm(pass, $0, bias: self.output.bias, self.outputNorm) },
    ])
  }

  private func queryKeyValue(_ pass: ForwardPass, _ part: ForwardPass.Part) {
    let h = pass.body.hiddenSize
    let stride = pass.workspace.shape.queryKeyValue
    let input = pass.workspace.hidden + part.first * pass.workspace.shape.hidden
    let output = pass.workspace.queryKeyValue + part.first * stride
    for (number, weight) in [query, key, value].enumerated() {
      let outputs = part.outputs.clamped(to: number * h..<(number + 1) * h)
      guard !outputs.isEmpty else { continue }
      pass.kernels.linear(
        output + outputs.lowerBound, stride, input, pass.workspace.shape.hidden,
        weight: weight.pointer + (outputs.lowerBound - number * h) * h, rows: part.rows.count,
        outputs: outputs.count, inputs: h)
    }
    duri_add_bias(
      output + part.outputs.lowerBound, stride,
      queryKeyValueBias.pointer + part.outputs.lowerBound, part.rows.count, part.outputs.count)
  }

  private func feedForward(_ pass: ForwardPass, _ part: ForwardPass.Part) {
    let stride = pass.workspace.shape.intermediate
    let values = pass.workspace.intermediate + part.strip * stride
    product(
      pass, intermediate, part,
      from: pass.workspace.hidden + part.first * pass.workspace.shape.hidden,
      pass.workspace.shape.hidden, to: values, stride)
    pass.kernels.table.pointee.activate(
      values + part.outputs.lowerBound, stride,
      intermediate.bias.pointer + part.outputs.lowerBound, part.rows.count, part.outputs.count,
      pass.body.activation.kernel)
  }

  /// The part's outputs of y = x·Wᵀ.
  private func product(
    _ pass: ForwardPass, _ linear: LinearWeights, _ part: ForwardPass.Part,
    from x: UnsafePointer<Float>, _ ldx: Int, to y: UnsafeMutablePointer<Float>, _ ldy: Int
  ) {
    let first = part.outputs.lowerBound
    pass.kernels.linear(
      y + first, ldy, x, ldx, weight: linear.weight.pointer + first * linear.inputs,
      rows: part.rows.count, outputs: part.outputs.count, inputs: linear.inputs)
  }

  /// hidden = norm(projected + bias + hidden).
  private func addAndNorm(
    _ pass: ForwardPass, _ part: ForwardPass.Part, bias: FloatTensor, _ norm: NormWeights
  ) {
    let stride = pass.workspace.shape.hidden
    let hidden = pass.workspace.hidden + part.first * stride
    pass.kernels.table.pointee.residual_norm(
      hidden, stride, pass.workspace.projected + part.strip * stride, stride, hidden, stride,
      bias.pointer, norm.gamma.pointer, norm.beta.pointer, pass.body.layerNormEpsilon,
      part.rows.count, pass.body.hiddenSize)
  }
}

extension ForwardPass.Part {
  var first: Int { rows.lowerBound }
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
