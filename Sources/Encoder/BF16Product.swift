import CKernels
import ModelFiles

/// The bfloat16 kernels of this CPU.
struct BF16Kernels: @unchecked Sendable {
  // Safe: the table is a constant of the program.

  let table: UnsafePointer<duri_bf16_kernels>

  /// Chosen once for the process; see `bf16_dispatch.c`.
  static let best = BF16Kernels(table: duri_bf16_kernels_best())

  private init(table: UnsafePointer<duri_bf16_kernels>) { self.table = table }

  /// The variant of this name, or nil if this CPU cannot run it.
  init?(named name: String) {
    guard let table = duri_bf16_kernels_named(name) else { return nil }
    self.table = table
  }

  var name: String { String(cString: table.pointee.name) }

  /// x (rows, inputs) to bfloat16.
  func round(
    _ x: UnsafePointer<Float>, _ ldx: Int, to q: RoundedRows, rows: Int, inputs: Int
  ) {
    table.pointee.round(q.values, q.stride, x, ldx, rows, inputs)
  }
}

/// Rows in bfloat16, as `CKernelsBF16.h` has them.
struct RoundedRows {
  let values: UnsafeMutablePointer<UInt16>
  /// Values between rows.
  let stride: Int

  /// The rows from `first` on.
  func from(_ first: Int) -> RoundedRows {
    RoundedRows(values: values + first * stride, stride: stride)
  }
}

/// y = f(x·Wᵀ + b) with W packed in bfloat16.
final class BF16Product: PackedProduct, @unchecked Sendable {
  // Safe: the memory is written while the encoder is made, each byte by one thread, and only read
  // after that.

  let inputs: Int
  private let outputs: Int
  private let kernels: BF16Kernels
  private let weights: duri_bf16_weights
  /// (outputs)
  private let bias: FloatTensor
  private let memory: OwnedBytes

  /// The outputs are those of `weights` (outputs, inputs), one tensor after the other, once
  /// `packing` has run.
  ///
  /// - Throws: ``EncoderError`` (`unsupported`) if there are more inputs than the kernels take.
  init(
    _ kernels: BF16Kernels, _ weights: [TensorView], _ biases: [TensorView], inputs: Int,
    packing: inout ProductPacking
  ) throws(EncoderError) {
    let bias = biases.count == 1 ? FloatTensor(biases[0]) : FloatTensor(joining: biases)
    let bytes = duri_bf16_weights_size(bias.count, inputs)
    guard bytes > 0 else {
      throw EncoderError(
        code: .unsupported,
        message: "a product of \(bias.count) outputs and \(inputs) inputs cannot be computed in "
          + "bf16; use f32")
    }
    memory = OwnedBytes(count: bytes)
    self.weights = duri_bf16_weights_in(memory.pointer, bias.count, inputs)
    self.kernels = kernels
    self.outputs = bias.count
    self.inputs = inputs
    self.bias = bias
    packing.add(self, weights)
  }

  func pack(_ rows: UnsafePointer<Float>, first: Int, count: Int) {
    duri_bf16_pack(memory.pointer, outputs, inputs, rows, inputs, first, count)
  }

  /// The part's outputs of y (rows, outputs); with `DURI_BF16_RESIDUAL`, y is the residual too.
  func compute(
    _ part: ForwardPass.Part, from x: RoundedRows, to y: UnsafeMutablePointer<Float>, _ ldy: Int,
    then epilogue: duri_bf16_epilogue = DURI_BF16_BIAS
  ) {
    compute(
      part,
      duri_bf16_product(
        x: x.values, ldx: x.stride, weights: weights, bias: bias.pointer, epilogue: epilogue, y: y,
        ldy: ldy, residual: y, ldr: ldy, next: nil, ldn: 0))
  }

  /// The part's outputs of f(x·Wᵀ + b) (rows, outputs) as the input of the next product.
  func compute(
    _ part: ForwardPass.Part, from x: RoundedRows, to next: RoundedRows,
    then activation: duri_bf16_epilogue
  ) {
    compute(
      part,
      duri_bf16_product(
        x: x.values, ldx: x.stride, weights: weights, bias: bias.pointer, epilogue: activation,
        y: nil, ldy: 0, residual: nil, ldr: 0, next: next.values, ldn: next.stride))
  }

  private func compute(_ part: ForwardPass.Part, _ product: duri_bf16_product) {
    withUnsafePointer(to: product) {
      kernels.table.pointee.linear(
        $0, 0, part.rows.count, part.outputs.lowerBound, part.outputs.upperBound)
    }
  }
}
