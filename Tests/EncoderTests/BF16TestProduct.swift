import CKernels
import Testing

/// Rows in bfloat16.
final class Rounded {
  let stride: Int
  private let memory: Aligned<UInt16>

  init(rows: Int, inputs: Int) {
    stride = duri_bf16_row_stride(inputs)
    memory = Aligned(rows * stride, filling: 0)
  }

  convenience init(_ x: [Float], rows: Int, inputs: Int, by table: duri_bf16_kernels) {
    self.init(rows: rows, inputs: inputs)
    for i in 0..<rows * stride { memory.pointer[i] = i % stride < (inputs + 31) / 32 * 32 ? 77 : 0 }
    table.round(memory.pointer, stride, x, inputs, rows, inputs)
  }

  var pointer: UnsafeMutablePointer<UInt16> { memory.pointer }
  var values: [UInt16] { memory.values }

  func value(_ row: Int, _ i: Int) -> Float {
    Float(bitPattern: UInt32(memory.pointer[row * stride + i]) << 16)
  }
}

/// One product of random numbers; rows of y lie wider apart than they are long.
struct BF16TestProduct {
  let bias: [Float]
  let rows: Rounded
  /// The weights as rows.
  let weights: Rounded
  let stride: Int
  private let count: Int
  private let inputs: Int
  private let outputs: Int
  private let residual: [Float]
  private let memory: Aligned<UInt16>

  init(
    rows count: Int, inputs: Int, outputs: Int, _ numbers: inout Numbers, whole: Bool = false,
    scale: Float = 1, bias hasBias: Bool = true, biases: [Float]? = nil,
    badInput: (row: Int, value: Float)? = nil, badWeight: (row: Int, value: Float)? = nil
  ) throws {
    func random(_ n: Int, _ factor: Float = 1) -> [Float] {
      numbers.floats(n).map { whole ? ($0 * 100).rounded() : $0 * factor }
    }
    let table = try #require(duri_bf16_kernels_named("naive")).pointee
    var x = random(count * inputs, scale)
    var w = random(outputs * inputs, scale)
    if let badInput { x[badInput.row * inputs + inputs / 2] = badInput.value }
    if let badWeight { w[badWeight.row * inputs + inputs - 1] = badWeight.value }
    self.count = count
    self.inputs = inputs
    self.outputs = outputs
    bias = biases ?? random(outputs, hasBias ? 1 : 0)
    stride = duri_bf16_row_stride(outputs)
    residual = random(count * stride)
    memory = Aligned(duri_bf16_weights_size(outputs, inputs) / 2, filling: 0)
    duri_bf16_pack(memory.raw, outputs, inputs, w, inputs, 0, outputs)
    rows = Rounded(x, rows: count, inputs: inputs, by: table)
    weights = Rounded(w, rows: outputs, inputs: inputs, by: table)
  }

  func writesNext(_ epilogue: duri_bf16_epilogue) -> Bool {
    epilogue != DURI_BF16_BIAS && epilogue != DURI_BF16_RESIDUAL
  }

  /// What is there before; exact in bfloat16.
  static let untouched: Float = -31744

  /// 1e-6 * sum |x w| of each result (rows, stride), 0 between rows.
  var tolerance: [Float] {
    var result = [Float](repeating: 0, count: count * stride)
    for t in 0..<count {
      for o in 0..<outputs {
        var sum: Float = 0
        for i in 0..<inputs { sum += abs(rows.value(t, i) * weights.value(o, i)) }
        result[t * stride + o] = 1e-6 * sum + 1e-37
      }
    }
    return result
  }

  /// Results (rows, stride) of the stated part, ``untouched`` elsewhere; what an activation wrote
  /// in bfloat16 as floats.
  func compute(
    _ table: duri_bf16_kernels, _ epilogue: duri_bf16_epilogue, rows part: Range<Int>? = nil,
    outputs columns: Range<Int>? = nil
  ) -> [Float] {
    let part = part ?? 0..<count
    let columns = columns ?? 0..<outputs
    var y = [Float](repeating: Self.untouched, count: count * stride)
    var next = y.map { UInt16($0.bitPattern >> 16) }
    let asNext = writesNext(epilogue)
    y.withUnsafeMutableBufferPointer { y in
      next.withUnsafeMutableBufferPointer { next in
        bias.withUnsafeBufferPointer { bias in
          residual.withUnsafeBufferPointer { residual in
            guard let bias = bias.baseAddress else { return }
            var product = duri_bf16_product(
              x: rows.pointer, ldx: rows.stride,
              weights: duri_bf16_weights_in(memory.raw, outputs, inputs), bias: bias,
              epilogue: epilogue, y: asNext ? nil : y.baseAddress, ldy: stride,
              residual: residual.baseAddress, ldr: stride, next: asNext ? next.baseAddress : nil,
              ldn: stride)
            table.linear(
              &product, part.lowerBound, part.upperBound, columns.lowerBound, columns.upperBound)
          }
        }
      }
    }
    return asNext ? next.map { Float(bitPattern: UInt32($0) << 16) } : y
  }
}
