import CKernels
import Foundation
import Testing

/// Every int8 variant against the naive one, bit for bit, and the naive one against its formulas.
@Suite struct Int8KernelTests {
  /// What this CPU runs, besides the reference.
  static let variants: [String] = ["avx2", "avxvnni", "avx512vnni", "amx", "amx-emulated"].filter {
    name in duri_int8_kernels_named(name) != nil
  }
  static let epilogues = [
    DURI_INT8_BIAS, DURI_INT8_GELU_ERF, DURI_INT8_GELU_TANH, DURI_INT8_RELU, DURI_INT8_RESIDUAL,
    DURI_INT8_GELU_TABLE,
  ]

  func kernels(_ name: String) throws -> duri_int8_kernels {
    try #require(duri_int8_kernels_named(name)).pointee
  }

  func generic() throws -> duri_int8_kernels { try kernels("generic") }

  @Test func dispatchKnowsItsNames() throws {
    #expect(duri_int8_kernels_named("generic") != nil)
    #expect(duri_int8_kernels_named("amx-emulated") != nil)
    #expect(duri_int8_kernels_named("sse9") == nil)
    #expect(duri_int8_kernels_named(nil) == nil)
    for name in Self.variants { #expect(String(cString: try kernels(name).name) == name) }
    let best = String(cString: duri_int8_kernels_best().pointee.name)
    let forced = ProcessInfo.processInfo.environment["DURI_INT8_KERNELS"]
    if let forced, duri_int8_kernels_named(forced) != nil {
      #expect(best == forced)
    } else {
      let order = ["amx", "avx512vnni", "avxvnni", "avx2", "generic"]
      #expect(best == order.first { duri_int8_kernels_named($0) != nil })
    }
  }

  @Test func sizes() {
    #expect(duri_int8_weights_size(1, 1) == 16 * 64 + 16 * 8)
    #expect(duri_int8_weights_size(1152, 384) == 1152 * 384 + 1152 * 8)
    #expect(duri_int8_weights_size(0, 5) == 0)
    #expect(duri_int8_weights_size(5, 0) == 0)
    #expect(duri_int8_weights_size(5, 65536) > 0)
    #expect(duri_int8_weights_size(5, 65537) == 0)
    #expect(duri_int8_weights_size(Int.max, 64) == 0)
    #expect(duri_int8_weights_size(-1, 64) == 0)  // The largest size_t.
    for inputs in 1...5000 {
      let stride = duri_int8_row_stride(inputs)
      #expect(stride >= (inputs + 63) / 64 * 64 && stride % 64 == 0 && stride % 1024 != 0)
    }
  }

  // MARK: - Packing and quantization

  /// The stated layout and formulas, written out.
  @Test func packingIsAsStated() throws {
    var numbers = Numbers(seed: 11)
    for (outputs, inputs) in [(1, 1), (16, 64), (17, 65), (37, 130), (5, 3)] {
      let w = numbers.floats(outputs * inputs)
      let memory = Aligned<Int8>(duri_int8_weights_size(outputs, inputs), filling: 99)
      try generic().pack(memory.raw, outputs, inputs, w, inputs, 0, outputs)
      let packed = duri_int8_weights_in(memory.raw, outputs, inputs)
      let depth = (inputs + 63) / 64 * 64
      for o in 0..<((outputs + 15) / 16 * 16) {
        let row = o < outputs ? Array(w[(o * inputs)..<((o + 1) * inputs)]) : []
        let largest = row.map(abs).max() ?? 0
        #expect(packed.scale[o] == largest / 127)
        var sum: Int32 = 0
        for i in 0..<depth {
          let value = i < row.count ? (row[i] * (127 / largest)).rounded(.toNearestOrEven) : 0
          let place = ((o / 16) * (depth / 4) + i / 4) * 64 + o % 16 * 4 + i % 4
          #expect(Float(packed.packed[place]) == value)
          sum += Int32(value)
        }
        #expect(packed.sum[o] == sum)
      }
    }
  }

  @Test(arguments: variants)
  func packing(variant: String) throws {
    var numbers = Numbers(seed: 12)
    for inputs in Array(1...67) + [128, 384, 1000] {
      let outputs = Int.random(in: 1...40, using: &numbers)
      var w = numbers.floats(outputs * inputs)
      // Rows with their own difficulties.
      let difficult: [(Int, Float)] = [
        (1, 0), (3, .nan), (5, -.infinity), (7, .leastNonzeroMagnitude),
      ]
      for (o, value) in difficult where o < outputs {
        w[o * inputs + inputs / 2] = value
        if value.isFinite { for i in 0..<inputs { w[o * inputs + i] = value } }
      }
      let size = duri_int8_weights_size(outputs, inputs)
      let expected = Aligned<Int8>(size, filling: 1)
      let found = Aligned<Int8>(size, filling: 2)
      try generic().pack(expected.raw, outputs, inputs, w, inputs, 0, outputs)
      // In pieces, the last rows first.
      let pack = try kernels(variant).pack
      let cut = Int.random(in: 0...outputs, using: &numbers)
      pack(found.raw, outputs, inputs, Array(w[(cut * inputs)...]), inputs, cut, outputs - cut)
      for o in 0..<cut { pack(found.raw, outputs, inputs, Array(w[(o * inputs)...]), inputs, o, 1) }
      if cut == outputs { pack(found.raw, outputs, inputs, w, inputs, outputs - 1, 0) }
      let scales = (outputs + 15) / 16 * 16 * ((inputs + 63) / 64 * 64)
      #expect(found.values[..<scales] == expected.values[..<scales])
      let a = duri_int8_weights_in(found.raw, outputs, inputs)
      let b = duri_int8_weights_in(expected.raw, outputs, inputs)
      for o in 0..<((outputs + 15) / 16 * 16) {
        #expect(same(a.scale[o], b.scale[o]) && a.sum[o] == b.sum[o])
      }
    }
  }

  /// Rows that are hard to quantize, `inputs` values each.
  func difficultRows(_ inputs: Int, _ numbers: inout Numbers) -> [Float] {
    func row(_ value: (Int) -> Float) -> [Float] { (0..<inputs).map(value) }
    return numbers.floats(inputs, in: -1...1) + numbers.floats(inputs, in: 3...5)
      + numbers.floats(inputs, in: -900 ... -1) + row { _ in 0 } + row { _ in 7.25 }
      + row { _ in -1e-3 } + row { $0 % 2 == 0 ? 3e38 : -3e38 }
      + row { _ in Float.leastNonzeroMagnitude }
      + row { $0 % 2 == 0 ? 1e-30 : -2e-30 } + row { $0 == inputs / 2 ? .nan : 1 }
      + row { $0 == inputs - 1 ? .infinity : 1 } + row { $0 == 0 ? -.infinity : 0 }
      + row { Float($0) - 3.5 }
  }

  @Test func quantizationIsAsStated() throws {
    var numbers = Numbers(seed: 13)
    for inputs in [1, 5, 64, 67, 384] {
      let x = difficultRows(inputs, &numbers)
      let rows = Rows(x, rows: x.count / inputs, inputs: inputs, by: try generic())
      for t in 0..<rows.count {
        let row = x[(t * inputs)..<((t + 1) * inputs)]
        let (scale, zero) = (rows.scale[t], rows.zero[t])
        guard row.allSatisfy(\.isFinite) else {
          #expect(scale.isNaN)
          continue
        }
        let low = Double(min(0, row.min() ?? 0))
        let high = Double(max(0, row.max() ?? 0))
        #expect((0...255).contains(zero))
        #expect(scale == (high - low < 1e-36 ? 0 : Float((high - low) / 255)))
        for (i, value) in row.enumerated() where scale != 0 {
          // Half a step, and the rounding of a number up to 255.
          let found = Double(Int32(rows.q.values[t * rows.stride + i]) - zero)
          #expect(abs(Double(value) / Double(scale) - found) <= 0.5001)
        }
        for i in inputs..<((inputs + 63) / 64 * 64) {
          #expect(rows.q.values[t * rows.stride + i] == 0)
        }
      }
    }
  }

  @Test(arguments: variants)
  func quantization(variant: String) throws {
    var numbers = Numbers(seed: 14)
    for inputs in Array(1...67) + [100, 128, 384, 1000] {
      let x = difficultRows(inputs, &numbers)
      let count = x.count / inputs
      let expected = Rows(x, rows: count, inputs: inputs, by: try generic())
      let found = Rows(x, rows: count, inputs: inputs, by: try kernels(variant))
      #expect(found.q.values == expected.q.values, "\(inputs)")
      #expect(found.zero == expected.zero)
      #expect(zip(found.scale, expected.scale).allSatisfy(same))
    }
  }

  @Test(arguments: ["generic"] + variants)
  func normThenQuantization(variant: String) throws {
    var numbers = Numbers(seed: 15)
    for n in Array(1...67) + [384, 1000] {
      let gamma = numbers.floats(n)
      let beta = numbers.floats(n)
      let none = [Float](repeating: 0, count: n)
      for range in [Float(-1)...1, 99...101, -1e4...1e4] {
        let x = numbers.floats(3 * n, in: range)
        func norm(_ table: duri_int8_kernels, inPlace: Bool) -> (y: [Float], rows: Rows) {
          let rows = Rows(count: 3, inputs: n)
          var y = inPlace ? x : [Float](repeating: -7, count: 3 * n)
          y.withUnsafeMutableBufferPointer { y in
            x.withUnsafeBufferPointer { x in
              guard let out = y.baseAddress, let from = x.baseAddress else { return }
              table.norm_quantize(
                out, n, rows.q.pointer, rows.stride, &rows.scale, &rows.zero,
                inPlace ? UnsafePointer(out) : from, n, gamma, beta, 1e-5, 3, n)
            }
          }
          return (y, rows)
        }
        let found = norm(try kernels(variant), inPlace: false)
        let expected = norm(try generic(), inPlace: true)
        #expect(sameBits(found.y, expected.y), "\(n) of \(range)")
        #expect(found.rows.q.values == expected.rows.q.values)
        let again = Rows(found.y, rows: 3, inputs: n, by: try generic())
        #expect(again.q.values == found.rows.q.values)
        #expect(again.scale == found.rows.scale && again.zero == found.rows.zero)
        var reference = none + none + none
        duri_residual_norm_naive(
          &reference, n, x, n, none + none + none, n, none, gamma, beta, 1e-5, 3, n)
        #expect(largestDifference(found.y, reference) <= 2e-6, "\(n) of \(range)")
      }
    }
  }

  // MARK: - Products

  /// The naive product against the formula, written out in wide integers.
  @Test func productIsAsStated() throws {
    var numbers = Numbers(seed: 16)
    for inputs in Array(1...67) + [384] {
      let outputs = Int.random(in: 1...40, using: &numbers)
      let product = try Product(rows: 3, inputs: inputs, outputs: outputs, &numbers)
      let y = product.compute(try generic(), DURI_INT8_BIAS)
      let depth = (inputs + 63) / 64 * 64
      let weights = product.weights
      for t in 0..<3 {
        for o in 0..<outputs {
          var sum = 0
          for i in 0..<depth {
            let place = ((o / 16) * (depth / 4) + i / 4) * 64 + o % 16 * 4 + i % 4
            let q = Int(product.rows.q.values[t * product.rows.stride + i])
            sum += (q - Int(product.rows.zero[t])) * Int(weights.packed[place])
          }
          let scale = product.rows.scale[t] * weights.scale[o]
          let expected = product.bias[o].addingProduct(Float(sum), scale)
          #expect(y[t * product.stride + o].bitPattern == expected.bitPattern)
        }
      }
    }
  }

  @Test(arguments: variants)
  func products(variant: String) throws {
    var numbers = Numbers(seed: 17)
    let reference = try generic()
    let tested = try kernels(variant)
    for size in 1...67 {
      // Each size once as rows, once as outputs, once as inputs.
      for turn in 0..<3 {
        let rows = turn == 0 ? size : Int.random(in: 1...40, using: &numbers)
        let outputs = turn == 1 ? size : Int.random(in: 1...150, using: &numbers)
        let inputs = turn == 2 ? size : Int.random(in: 1...200, using: &numbers)
        let product = try Product(rows: rows, inputs: inputs, outputs: outputs, &numbers)
        let epilogue = Self.epilogues[(size + turn) % Self.epilogues.count]
        #expect(
          sameBits(product.compute(tested, epilogue), product.compute(reference, epilogue)),
          "\(rows) x \(inputs) -> \(outputs), epilogue \(epilogue.rawValue)")
      }
    }
    // Rows in several passes, long inputs, all epilogues.
    for (rows, inputs, outputs) in [(131, 384, 50), (50, 5500, 33), (3, 4096, 16)] {
      let product = try Product(rows: rows, inputs: inputs, outputs: outputs, &numbers)
      for epilogue in Self.epilogues {
        #expect(
          sameBits(product.compute(tested, epilogue), product.compute(reference, epilogue)),
          "\(rows) x \(inputs) -> \(outputs), epilogue \(epilogue.rawValue)")
      }
    }
  }

  /// Any part of the rows and outputs has the bits of the whole, and nothing else is written.
  @Test(arguments: variants)
  func partsOfProducts(variant: String) throws {
    var numbers = Numbers(seed: 18)
    let tested = try kernels(variant)
    for _ in 0..<60 {
      let rows = Int.random(in: 1...50, using: &numbers)
      let outputs = Int.random(in: 1...150, using: &numbers)
      let product = try Product(rows: rows, inputs: 70, outputs: outputs, &numbers)
      let whole = product.compute(tested, DURI_INT8_RESIDUAL)
      let top = Int.random(in: 0...rows, using: &numbers)
      let bottom = Int.random(in: top...rows, using: &numbers)
      let left = Int.random(in: 0...(outputs / 16), using: &numbers) * 16
      let right = Int.random(in: left...outputs, using: &numbers)
      let part = product.compute(
        tested, DURI_INT8_RESIDUAL, rows: top..<bottom, outputs: left..<right)
      for t in 0..<rows {
        for j in 0..<product.stride {
          let inside = (top..<bottom).contains(t) && (left..<right).contains(j)
          let expected = inside ? whole[t * product.stride + j] : Product.untouched
          #expect(part[t * product.stride + j].bitPattern == expected.bitPattern)
        }
      }
    }
  }

  /// Sums at the edge of 32 bits: all inputs 255, all weights 127 or -127.
  @Test(arguments: ["generic"] + variants)
  func largestSums(variant: String) throws {
    let linear = try kernels(variant).linear
    for inputs in [1, 63, 64, 1024, 4096, 65536] {
      let w = (0..<2).flatMap { [Float](repeating: $0 == 0 ? 1 : -1, count: inputs) }
      let memory = Aligned<Int8>(duri_int8_weights_size(2, inputs), filling: 0)
      try generic().pack(memory.raw, 2, inputs, w, inputs, 0, 2)
      let rows = Rows(count: 2, inputs: inputs)
      for t in 0..<2 {
        for i in 0..<inputs { rows.q.pointer[t * rows.stride + i] = 255 }
        rows.scale[t] = 127
        rows.zero[t] = t == 0 ? 0 : 255
      }
      let bias: [Float] = [0, 0]
      var y = [Float](repeating: 0, count: 4)
      y.withUnsafeMutableBufferPointer { y in
        bias.withUnsafeBufferPointer { bias in
          guard let out = y.baseAddress, let zeros = bias.baseAddress else { return }
          var product = duri_int8_product(
            y: out, ldy: 2, q: rows.q.pointer, ldq: rows.stride, scale: rows.scalePointer,
            zero: rows.zeroPointer, weights: duri_int8_weights_in(memory.raw, 2, inputs),
            bias: zeros, residual: nil, ldr: 0, epilogue: DURI_INT8_BIAS)
          linear(&product, 0, 2, 0, 2)
        }
      }
      let sum = Float(255 * 127 * inputs)
      let one = 127 * (Float(1) / 127)
      #expect(y == [sum * one, -sum * one, 0, 0], "\(inputs)")
    }
  }

  /// A NaN or an infinity in a row or in a weight reaches every result that it has a part in.
  @Test(arguments: ["generic"] + variants, epilogues)
  func notFiniteStaysVisible(variant: String, epilogue: duri_int8_epilogue) throws {
    var numbers = Numbers(seed: 19)
    let table = try kernels(variant)
    for bad in [Float.nan, .infinity, -.infinity] {
      let product = try Product(
        rows: 4, inputs: 70, outputs: 20, &numbers, by: table, badInput: (2, bad),
        badWeight: (17, bad))
      let y = product.compute(table, epilogue)
      for t in 0..<4 {
        for o in 0..<20 {
          #expect(y[t * product.stride + o].isNaN == (t == 2 || o == 17), "\(t), \(o)")
        }
      }
    }
  }

  /// Rows of zeros leave the bias alone.
  @Test(arguments: ["generic"] + variants)
  func zeros(variant: String) throws {
    var numbers = Numbers(seed: 20)
    let product = try Product(
      rows: 3, inputs: 33, outputs: 20, &numbers, by: kernels(variant), inputRange: 0...0)
    let y = product.compute(try kernels(variant), DURI_INT8_BIAS)
    for t in 0..<3 {
      #expect(sameBits(Array(y[(t * product.stride)..<(t * product.stride + 20)]), product.bias))
    }
  }

  /// |error| <= sum |x| dw + |w| dx + dx dw, where dx and dw are half a step.
  @Test func errorIsBounded() throws {
    var numbers = Numbers(seed: 21)
    for (inputs, range) in [(7, Float(-1)...1), (384, -1...1), (384, 2...9), (1536, -0.1...3)] {
      let product = try Product(
        rows: 5, inputs: inputs, outputs: 40, &numbers, inputRange: range)
      let y = product.compute(try generic(), DURI_INT8_BIAS)
      for t in 0..<5 {
        for o in 0..<40 {
          var exact = Double(product.bias[o])
          var bound = 1e-5
          let dx = Double(product.rows.scale[t]) * 0.5001
          let dw = Double(product.weights.scale[o]) * 0.5001
          for i in 0..<inputs {
            let x = Double(product.x[t * inputs + i])
            let w = Double(product.w[o * inputs + i])
            exact += x * w
            bound += abs(x) * dw + abs(w) * dx + dx * dw
          }
          #expect(abs(Double(y[t * product.stride + o]) - exact) <= bound)
        }
      }
    }
  }

  // MARK: - Activations

  /// f(bias), which is what rows of zeros give.
  func activation(_ variant: String, _ epilogue: duri_int8_epilogue, _ grid: [Float]) throws
    -> [Float]
  {
    var numbers = Numbers(seed: 22)
    let product = try Product(
      rows: 1, inputs: 1, outputs: grid.count, &numbers, inputRange: 0...0, bias: grid)
    return Array(product.compute(try kernels(variant), epilogue)[..<grid.count])
  }

  @Test(arguments: ["generic"] + variants)
  func activations(variant: String) throws {
    let grid = stride(from: Float(-12), through: 12, by: 1e-3).map { $0 } + [-100, 100, 0, -0.0]
    let zero = [Float](repeating: 0, count: grid.count)
    for (epilogue, function, tolerance) in [
      (DURI_INT8_GELU_ERF, DURI_GELU_ERF, Float(3e-7)),
      (DURI_INT8_GELU_TANH, DURI_GELU_TANH, 3e-7),
      (DURI_INT8_RELU, DURI_RELU, 0), (DURI_INT8_GELU_TABLE, DURI_GELU_ERF, 3e-6),
    ] {
      let found = try activation(variant, epilogue, grid)
      var reference = grid
      duri_activate_naive(&reference, grid.count, zero, 1, grid.count, function)
      for (j, x) in grid.enumerated() {
        #expect(abs(found[j] - reference[j]) <= tolerance * max(1, abs(x)), "f(\(x))")
      }
      // The bits of the float layers' vectorised activations, whichever int8 variant runs.
      guard epilogue != DURI_INT8_GELU_TABLE else { continue }
      for name in ["avx2", "avx512"] {
        guard let activate = duri_kernels_named(name)?.pointee.activate else { continue }
        var other = grid
        activate(&other, grid.count, zero, 1, grid.count, function)
        // -0 + 0 is 0 there.
        #expect(zip(found, other).allSatisfy { $0 == $1 })
      }
    }
  }
}

// MARK: - Material

private func same(_ a: Float, _ b: Float) -> Bool {
  a.bitPattern == b.bitPattern || (a.isNaN && b.isNaN)
}

/// Quantized rows; q starts as 0.
private final class Rows {
  let count: Int
  let stride: Int
  let q: Aligned<UInt8>
  private let scales: Aligned<Float>
  private let zeros: Aligned<Int32>

  init(count: Int, inputs: Int) {
    self.count = count
    stride = duri_int8_row_stride(inputs)
    q = Aligned(count * stride, filling: 0)
    scales = Aligned(count, filling: 0)
    zeros = Aligned(count, filling: 0)
  }

  convenience init(_ x: [Float], rows: Int, inputs: Int, by table: duri_int8_kernels) {
    self.init(count: rows, inputs: inputs)
    table.quantize(
      q.pointer, stride, scales.pointer, zeros.pointer, x, inputs, rows, inputs)
  }

  var scalePointer: UnsafeMutablePointer<Float> { scales.pointer }
  var zeroPointer: UnsafeMutablePointer<Int32> { zeros.pointer }
  var scale: [Float] {
    get { scales.values }
    set { for (t, value) in newValue.enumerated() { scales.pointer[t] = value } }
  }
  var zero: [Int32] {
    get { zeros.values }
    set { for (t, value) in newValue.enumerated() { zeros.pointer[t] = value } }
  }
}

/// One product of random numbers; rows of y lie three floats wider apart than they are long.
private struct Product {
  /// What y holds before.
  static let untouched: Float = 12345

  let x: [Float]
  let w: [Float]
  let bias: [Float]
  let rows: Rows
  let stride: Int
  private let inputs: Int
  private let outputs: Int
  private let residual: [Float]
  private let memory: Aligned<Int8>

  init(
    rows count: Int, inputs: Int, outputs: Int, _ numbers: inout Numbers,
    by table: duri_int8_kernels? = nil, inputRange: ClosedRange<Float>? = nil,
    bias: [Float]? = nil, badInput: (row: Int, value: Float)? = nil,
    badWeight: (row: Int, value: Float)? = nil
  ) throws {
    let table = try table ?? #require(duri_int8_kernels_named("generic")).pointee
    let middle = Float.random(in: -3...3, using: &numbers)
    var x = numbers.floats(count * inputs, in: inputRange ?? (middle - 1)...(middle + 1))
    var w = numbers.floats(outputs * inputs)
    if let badInput { x[badInput.row * inputs + inputs / 2] = badInput.value }
    if let badWeight { w[badWeight.row * inputs + inputs - 1] = badWeight.value }
    self.inputs = inputs
    self.outputs = outputs
    self.x = x
    self.w = w
    self.bias = bias ?? numbers.floats(outputs)
    stride = outputs + 3
    residual = numbers.floats(count * stride)
    memory = Aligned(duri_int8_weights_size(outputs, inputs), filling: 0)
    table.pack(memory.raw, outputs, inputs, w, inputs, 0, outputs)
    rows = Rows(x, rows: count, inputs: inputs, by: table)
  }

  var weights: duri_int8_weights { duri_int8_weights_in(memory.raw, outputs, inputs) }

  /// y (rows, stride) of the stated part, ``untouched`` elsewhere.
  func compute(
    _ table: duri_int8_kernels, _ epilogue: duri_int8_epilogue, rows part: Range<Int>? = nil,
    outputs columns: Range<Int>? = nil
  ) -> [Float] {
    let part = part ?? 0..<rows.count
    let columns = columns ?? 0..<outputs
    var y = [Float](repeating: Self.untouched, count: rows.count * stride)
    y.withUnsafeMutableBufferPointer { y in
      bias.withUnsafeBufferPointer { bias in
        residual.withUnsafeBufferPointer { residual in
          guard let out = y.baseAddress, let bias = bias.baseAddress else { return }
          var product = duri_int8_product(
            y: out, ldy: stride, q: rows.q.pointer, ldq: rows.stride, scale: rows.scalePointer,
            zero: rows.zeroPointer, weights: weights, bias: bias, residual: residual.baseAddress,
            ldr: stride, epilogue: epilogue)
          table.linear(
            &product, part.lowerBound, part.upperBound, columns.lowerBound, columns.upperBound)
        }
      }
    }
    return y
  }
}
