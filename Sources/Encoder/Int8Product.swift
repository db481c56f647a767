import CKernels
import ModelFiles

/// The 8-bit kernels of this CPU.
struct Int8Kernels: @unchecked Sendable {
  // Safe: the table is a constant of the program.

  let table: UnsafePointer<duri_int8_kernels>

  /// Chosen once for the process; see `int8_dispatch.c`.
  static let best = Int8Kernels(table: duri_int8_kernels_best())

  private init(table: UnsafePointer<duri_int8_kernels>) { self.table = table }

  /// The variant of this name, or nil if this CPU cannot run it.
  init?(named name: String) {
    guard let table = duri_int8_kernels_named(name) else { return nil }
    self.table = table
  }

  var name: String { String(cString: table.pointee.name) }

  /// x (rows, inputs) to 8 bits.
  func quantize(
    _ x: UnsafePointer<Float>, _ ldx: Int, to q: QuantizedRows, rows: Int, inputs: Int
  ) {
    table.pointee.quantize(q.values, q.stride, q.scale, q.zero, x, ldx, rows, inputs)
  }
}

/// y = f(x·Wᵀ + b) with W packed in 8 bits.
final class Int8Product: PackedProduct, @unchecked Sendable {
  // Safe: the memory is written while the encoder is made, each byte by one thread, and only read
  // after that.

  let inputs: Int
  private let outputs: Int
  private let kernels: Int8Kernels
  private let weights: duri_int8_weights
  /// (outputs)
  private let bias: FloatTensor
  private let memory: OwnedBytes

  /// The outputs are those of `weights` (outputs, inputs), one tensor after the other, once
  /// `packing` has run.
  ///
  /// - Throws: ``EncoderError`` (`unsupported`) if there are more inputs than the kernels take.
  init(
    _ kernels: Int8Kernels, _ weights: [TensorView], _ biases: [TensorView], inputs: Int,
    packing: inout ProductPacking
  ) throws(EncoderError) {
    let bias = biases.count == 1 ? FloatTensor(biases[0]) : FloatTensor(joining: biases)
    let bytes = duri_int8_weights_size(bias.count, inputs)
    guard bytes > 0 else {
      throw EncoderError(
        code: .unsupported,
        message: "a product of \(bias.count) outputs and \(inputs) inputs cannot be computed in "
          + "int8; use f32")
    }
    memory = OwnedBytes(count: bytes)
    self.weights = duri_int8_weights_in(memory.pointer, bias.count, inputs)
    self.kernels = kernels
    self.outputs = bias.count
    self.inputs = inputs
    self.bias = bias
    packing.add(self, weights)
  }

  func pack(_ rows: UnsafePointer<Float>, first: Int, count: Int) {
    kernels.table.pointee.pack(memory.pointer, outputs, inputs, rows, inputs, first, count)
  }

  /// The part's outputs of y (rows, outputs); with `DURI_INT8_RESIDUAL`, y is the residual too.
  func compute(
    _ part: ForwardPass.Part, from q: QuantizedRows, to y: UnsafeMutablePointer<Float>, _ ldy: Int,
    then epilogue: duri_int8_epilogue = DURI_INT8_BIAS
  ) {
    var product = duri_int8_product(
      y: y, ldy: ldy, q: q.values, ldq: q.stride, scale: q.scale, zero: q.zero, weights: weights,
      bias: bias.pointer, residual: y, ldr: ldy, epilogue: epilogue)
    kernels.table.pointee.linear(
      &product, 0, part.rows.count, part.outputs.lowerBound, part.outputs.upperBound)
  }
}
