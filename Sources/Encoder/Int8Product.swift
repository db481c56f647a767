import CKernels
import Dispatch
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
final class Int8Product: @unchecked Sendable {
  // Safe: the memory is written while the encoder is made, each byte by one thread, and only read
  // after that.

  let outputs: Int
  let inputs: Int
  private let weights: duri_int8_weights
  /// (outputs)
  private let bias: FloatTensor
  fileprivate let memory: OwnedBytes

  fileprivate init(outputs: Int, inputs: Int, bias: FloatTensor) throws(EncoderError) {
    let bytes = duri_int8_weights_size(outputs, inputs)
    guard bytes > 0 else {
      throw EncoderError(
        code: .unsupported,
        message: "a product of \(outputs) outputs and \(inputs) inputs cannot be computed in int8; "
          + "use f32")
    }
    memory = OwnedBytes(count: bytes)
    weights = duri_int8_weights_in(memory.pointer, outputs, inputs)
    self.outputs = outputs
    self.inputs = inputs
    self.bias = bias
  }

  /// The part's outputs of y (rows, outputs); with `DURI_INT8_RESIDUAL`, y is the residual too.
  func compute(
    _ kernels: Int8Kernels, _ part: ForwardPass.Part, from q: QuantizedRows,
    to y: UnsafeMutablePointer<Float>, _ ldy: Int, then epilogue: duri_int8_epilogue = DURI_INT8_BIAS
  ) {
    var product = duri_int8_product(
      y: y, ldy: ldy, q: q.values, ldq: q.stride, scale: q.scale, zero: q.zero, weights: weights,
      bias: bias.pointer, residual: y, ldr: ldy, epilogue: epilogue)
    kernels.table.pointee.linear(
      &product, 0, part.rows.count, part.outputs.lowerBound, part.outputs.upperBound)
  }
}

/// Products whose weights are yet to be packed, by all cores and without a 32-bit copy of them.
struct Int8Packing {
  private var jobs: [Job] = []

  /// Rows of one tensor that become outputs of one product.
  private struct Job {
    let product: Int8Product
    let source: TensorView
    let rows: Range<Int>
    /// Output that the tensor's row 0 becomes.
    let firstOutput: Int

    func run(_ kernels: Int8Kernels) {
      let inputs = product.inputs
      let first = rows.lowerBound
      func pack(_ floats: UnsafePointer<Float>) {
        kernels.table.pointee.pack(
          product.memory.pointer, product.outputs, inputs, floats, inputs, firstOutput + first,
          rows.count)
      }
      if let mapped = source.mappedFloats?.baseAddress {
        pack(mapped + first * inputs)
      } else {
        let copy = OwnedFloats(count: rows.count * inputs)
        source.read(from: first * inputs, into: copy.buffer)
        pack(copy.pointer)
      }
    }
  }

  /// A product whose outputs are those of `weights` (outputs, inputs), one tensor after the other. Its
  /// weights are there after ``run(_:)``.
  mutating func add(
    _ weights: [TensorView], _ biases: [TensorView], inputs: Int
  ) throws(EncoderError) -> Int8Product {
    let bias = biases.count == 1 ? FloatTensor(biases[0]) : FloatTensor(joining: biases)
    let product = try Int8Product(outputs: bias.count, inputs: inputs, bias: bias)
    var firstOutput = 0
    for source in weights {
      let outputs = source.elementCount / inputs
      // About 100 KiB of floats at a time.
      let step = max(1, 24 * 1024 / inputs)
      for first in stride(from: 0, to: outputs, by: step) {
        jobs.append(
          Job(
            product: product, source: source, rows: first..<min(outputs, first + step),
            firstOutput: firstOutput))
      }
      firstOutput += outputs
    }
    return product
  }

  func run(_ kernels: Int8Kernels) {
    DispatchQueue.concurrentPerform(iterations: jobs.count) { jobs[$0].run(kernels) }
  }
}
