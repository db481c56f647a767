import Dispatch
import ModelFiles

/// A product y = f(x·Wᵀ + b) with its weights in the layout of its kernels.
protocol PackedProduct: AnyObject, Sendable {
  var inputs: Int { get }

  /// Packs rows (count, inputs) of the weights, whose first becomes output `first`. Any thread may
  /// pack any rows, each row once.
  func pack(_ rows: UnsafePointer<Float>, first: Int, count: Int)
}

/// Products whose weights are yet to be packed, by all cores and without a 32-bit copy of them.
struct ProductPacking {
  private var jobs: [Job] = []

  /// Rows of one tensor that become outputs of one product.
  private struct Job {
    let product: any PackedProduct
    let source: TensorView
    let rows: Range<Int>
    /// Output that the tensor's row 0 becomes.
    let firstOutput: Int

    func run() {
      let inputs = product.inputs
      let first = rows.lowerBound
      func pack(_ floats: UnsafePointer<Float>) {
        product.pack(floats, first: firstOutput + first, count: rows.count)
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

  /// The product's outputs are to be those of `weights` (outputs, inputs), one tensor after the
  /// other. They are there after ``run()``.
  mutating func add(_ product: any PackedProduct, _ weights: [TensorView]) {
    let inputs = product.inputs
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
  }

  func run() {
    DispatchQueue.concurrentPerform(iterations: jobs.count) { jobs[$0].run() }
  }
}
