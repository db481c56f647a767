import CKernels
import Foundation
import Testing

/// Every bfloat16 variant against the naive one, and the naive one against its formulas.
@Suite struct BF16KernelTests {
  /// What this CPU runs, besides the reference.
  static let variants: [String] = ["avx2", "avx512", "avx512bf16", "amx", "amx-emulated"].filter {
    name in duri_bf16_kernels_named(name) != nil
  }
  /// Those that sum in the naive one's order and round as it does.
  static let exact = variants.filter { ["avx2", "avx512"].contains($0) }
  static let epilogues = [
    DURI_BF16_BIAS, DURI_BF16_RESIDUAL, DURI_BF16_GELU_ERF, DURI_BF16_GELU_TANH, DURI_BF16_RELU,
  ]

  func kernels(_ name: String) throws -> duri_bf16_kernels {
    try #require(duri_bf16_kernels_named(name)).pointee
  }

  func naive() throws -> duri_bf16_kernels { try kernels("naive") }

  @Test func dispatchKnowsItsNames() throws {
    #expect(duri_bf16_kernels_named("naive") != nil)
    #expect(duri_bf16_kernels_named("amx-emulated") != nil)
    #expect(duri_bf16_kernels_named("sse9") == nil)
    #expect(duri_bf16_kernels_named(nil) == nil)
    for name in Self.variants { #expect(String(cString: try kernels(name).name) == name) }
    let best = String(cString: duri_bf16_kernels_best().pointee.name)
    let forced = ProcessInfo.processInfo.environment["DURI_BF16_KERNELS"]
    if let forced, duri_bf16_kernels_named(forced) != nil {
      #expect(best == forced)
    } else {
      let order = ["amx", "avx512bf16", "avx512", "avx2", "naive"]
      #expect(best == order.first { duri_bf16_kernels_named($0) != nil })
    }
  }

  @Test func sizes() {
    #expect(duri_bf16_weights_size(1, 1) == 16 * 64)
    #expect(duri_bf16_weights_size(1152, 384) == 1152 * 384 * 2)
    #expect(duri_bf16_weights_size(17, 33) == 32 * 64 * 2)
    #expect(duri_bf16_weights_size(0, 5) == 0)
    #expect(duri_bf16_weights_size(5, 0) == 0)
    #expect(duri_bf16_weights_size(5, (1 << 24) + 1) == 0)
    #expect(duri_bf16_weights_size(Int.max, 64) == 0)
    #expect(duri_bf16_weights_size(-1, 64) == 0)  // The largest size_t.
    for inputs in 1...3000 {
      let stride = duri_bf16_row_stride(inputs)
      #expect(stride >= (inputs + 31) / 32 * 32 && stride % 32 == 0 && stride % 512 != 0)
    }
  }

  // MARK: - Rounding and packing

  /// Floats whose rounding is special, and the halves between two bfloat16 values.
  static let difficult: [Float] = {
    var values: [Float] = [
      0, -0.0, 1, -1, .leastNonzeroMagnitude, -.leastNonzeroMagnitude, .leastNormalMagnitude,
      -Float.leastNormalMagnitude.nextDown, .greatestFiniteMagnitude, -.greatestFiniteMagnitude,
      .infinity, -.infinity, .nan, -.nan, .signalingNaN, 1e-30, 65504, .pi,
    ]
    for upper: UInt32 in 0x3F80..<0x3FC0 {
      let middle = Float(bitPattern: upper << 16 | 0x8000)
      values += [middle, middle.nextUp, middle.nextDown, -middle]
    }
    return values
  }()

  /// To nearest, ties to even, by the definition.
  private func rounded(_ x: Float) -> Float {
    guard x.isFinite else { return x }
    guard x.magnitude >= .leastNormalMagnitude else { return x < 0 || x.sign == .minus ? -0.0 : 0 }
    let step = Double(x.ulp) * 65536
    let value = (Double(x) / step).rounded(.toNearestOrEven) * step
    return abs(value) > Double(Float.greatestFiniteMagnitude)
      ? (x < 0 ? -.infinity : .infinity) : Float(value)
  }

  @Test func roundingIsAsStated() throws {
    var numbers = Numbers(seed: 51)
    let x = Self.difficult + numbers.floats(500, in: -3...3) + numbers.floats(500, in: -1e38...1e38)
    let rows = Rounded(x, rows: 1, inputs: x.count, by: try naive())
    for (i, value) in x.enumerated() {
      let found = rows.value(0, i)
      let expected = rounded(value)
      #expect(
        found.isNaN ? value.isNaN : found.bitPattern == expected.bitPattern,
        "\(value): \(found), not \(expected)")
    }
    for i in x.count..<rows.stride where i < (x.count + 31) / 32 * 32 {
      #expect(rows.value(0, i) == 0)
    }
  }

  @Test(arguments: variants)
  func rounding(variant: String) throws {
    var numbers = Numbers(seed: 52)
    for inputs in Array(1...67) + [100, 128, 384, 1000] {
      let x = (0..<4 * inputs).map { _ in
        Bool.random(using: &numbers)
          ? Self.difficult.randomElement(using: &numbers) ?? 0
          : Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &numbers))
      }
      let expected = Rounded(x, rows: 4, inputs: inputs, by: try naive())
      let found = Rounded(x, rows: 4, inputs: inputs, by: try kernels(variant))
      #expect(found.values == expected.values, "\(inputs)")
    }
  }

  /// The stated layout, written out; rows in pieces, the last ones first.
  @Test func packingIsAsStated() throws {
    var numbers = Numbers(seed: 53)
    for (outputs, inputs) in [(1, 1), (16, 32), (17, 33), (37, 130), (5, 3), (40, 67)] {
      var w = numbers.floats(outputs * inputs)
      w[w.count / 2] = .nan
      let memory = Aligned<UInt16>(duri_bf16_weights_size(outputs, inputs) / 2, filling: 99)
      let cut = Int.random(in: 0...outputs, using: &numbers)
      duri_bf16_pack(
        memory.raw, outputs, inputs, Array(w[(cut * inputs)...]), inputs, cut, outputs - cut)
      for o in 0..<cut {
        duri_bf16_pack(memory.raw, outputs, inputs, Array(w[(o * inputs)...]), inputs, o, 1)
      }
      if cut == outputs {
        duri_bf16_pack(memory.raw, outputs, inputs, w, inputs, outputs - 1, 0)
        duri_bf16_pack(memory.raw, outputs, inputs, Array(w.suffix(inputs)), inputs, outputs - 1, 1)
      }
      let packed = duri_bf16_weights_in(memory.raw, outputs, inputs)
      #expect(packed.outputs == outputs && packed.inputs == inputs)
      let rows = Rounded(w, rows: outputs, inputs: inputs, by: try naive())
      let depth = (inputs + 31) / 32 * 32
      for o in 0..<((outputs + 15) / 16 * 16) {
        for i in 0..<depth {
          let place = ((o / 16) * (depth / 2) + i / 2) * 32 + o % 16 * 2 + i % 2
          let expected = o < outputs ? rows.values[o * rows.stride + i] : 0
          #expect(packed.packed[place] == expected)
        }
      }
    }
  }

  @Test(arguments: ["naive"] + variants)
  func normThenRounding(variant: String) throws {
    var numbers = Numbers(seed: 54)
    for n in Array(1...67) + [384, 1000] {
      let gamma = numbers.floats(n)
      let beta = numbers.floats(n)
      let none = [Float](repeating: 0, count: n)
      for range in [Float(-1)...1, 99...101, -1e4...1e4] {
        let x = numbers.floats(3 * n, in: range)
        func norm(_ table: duri_bf16_kernels, inPlace: Bool) -> (y: [Float], rows: Rounded) {
          let rows = Rounded(rows: 3, inputs: n)
          var y = inPlace ? x : [Float](repeating: -7, count: 3 * n)
          y.withUnsafeMutableBufferPointer { y in
            x.withUnsafeBufferPointer { x in
              guard let out = y.baseAddress, let from = x.baseAddress else { return }
              table.norm(
                out, n, rows.pointer, rows.stride, inPlace ? UnsafePointer(out) : from, n, gamma,
                beta, 1e-5, 3, n)
            }
          }
          return (y, rows)
        }
        let found = norm(try kernels(variant), inPlace: false)
        let expected = norm(try naive(), inPlace: true)
        #expect(sameBits(found.y, expected.y), "\(n) of \(range)")
        #expect(found.rows.values == expected.rows.values)
        #expect(
          found.rows.values == Rounded(found.y, rows: 3, inputs: n, by: try naive()).values)
        var reference = none + none + none
        duri_residual_norm_naive(
          &reference, n, x, n, none + none + none, n, none, gamma, beta, 1e-5, 3, n)
        #expect(largestDifference(found.y, reference) <= 2e-6, "\(n) of \(range)")
      }
    }
  }

  // MARK: - Products

  /// The naive product against the exact sum, for every size as rows, outputs and inputs.
  @Test func productIsAsStated() throws {
    var numbers = Numbers(seed: 55)
    for inputs in Array(1...67) + [384] {
      let outputs = Int.random(in: 1...40, using: &numbers)
      let product = try BF16TestProduct(rows: 3, inputs: inputs, outputs: outputs, &numbers)
      let y = product.compute(try naive(), DURI_BF16_BIAS)
      for t in 0..<3 {
        for o in 0..<outputs {
          // The stated order: odd before even.
          var sum: Float = 0
          for g in 0..<(inputs + 1) / 2 {
            for i in [2 * g + 1, 2 * g] where i < inputs {
              sum = sum.addingProduct(product.rows.value(t, i), product.weights.value(o, i))
            }
          }
          let expected = sum + product.bias[o]
          #expect(y[t * product.stride + o].bitPattern == expected.bitPattern)
        }
      }
    }
  }

  private func check(
    _ product: BF16TestProduct, _ variant: String, _ epilogue: duri_bf16_epilogue,
    _ label: String
  ) throws {
    let found = product.compute(try kernels(variant), epilogue)
    let expected = product.compute(try naive(), epilogue)
    if Self.exact.contains(variant) {
      #expect(sameBits(found, expected), "\(label)")
      return
    }
    // What the variants' orders and roundings may differ by, and a step of the result's bfloat16.
    let tolerance = product.tolerance
    let step: Float = product.writesNext(epilogue) ? 0x1p-7 : 0x1p-22
    for (i, (a, b)) in zip(found, expected).enumerated() {
      #expect(abs(a - b) <= 1.2 * tolerance[i] + step * abs(b), "\(label), \(i): \(a), \(b)")
    }
  }

  @Test(arguments: variants)
  func products(variant: String) throws {
    var numbers = Numbers(seed: 56)
    for size in 1...67 {
      // Each size once as rows, once as outputs, once as inputs.
      for turn in 0..<3 {
        let rows = turn == 0 ? size : Int.random(in: 1...40, using: &numbers)
        let outputs = turn == 1 ? size : Int.random(in: 1...150, using: &numbers)
        let inputs = turn == 2 ? size : Int.random(in: 1...200, using: &numbers)
        let product = try BF16TestProduct(rows: rows, inputs: inputs, outputs: outputs, &numbers)
        let epilogue = Self.epilogues[(size + turn) % Self.epilogues.count]
        try check(
          product, variant, epilogue,
          "\(rows) x \(inputs) -> \(outputs), epilogue \(epilogue.rawValue)")
      }
    }
    // Rows in several passes, long inputs, all epilogues.
    for (rows, inputs, outputs) in [(131, 384, 50), (50, 2800, 33), (3, 4096, 16), (5, 70, 130)] {
      let product = try BF16TestProduct(rows: rows, inputs: inputs, outputs: outputs, &numbers)
      for epilogue in Self.epilogues {
        try check(
          product, variant, epilogue,
          "\(rows) x \(inputs) -> \(outputs), epilogue \(epilogue.rawValue)")
      }
    }
  }

  /// Whole numbers have exact sums: there no order and no rounding counts.
  @Test(arguments: variants)
  func wholeNumbersAreExact(variant: String) throws {
    var numbers = Numbers(seed: 57)
    for inputs in [1, 31, 32, 33, 70, 256, 999] {
      let product = try BF16TestProduct(
        rows: 19, inputs: inputs, outputs: 70, &numbers, whole: true)
      #expect(
        sameBits(
          product.compute(try kernels(variant), DURI_BF16_RESIDUAL),
          product.compute(try naive(), DURI_BF16_RESIDUAL)), "\(inputs)")
    }
  }

  /// Any part of the rows and outputs has the bits of the whole, and nothing else is written.
  @Test(arguments: ["naive"] + variants)
  func partsOfProducts(variant: String) throws {
    var numbers = Numbers(seed: 58)
    let tested = try kernels(variant)
    for round in 0..<60 {
      let rows = Int.random(in: 1...50, using: &numbers)
      let outputs = Int.random(in: 1...150, using: &numbers)
      let epilogue = round % 2 == 0 ? DURI_BF16_RESIDUAL : DURI_BF16_GELU_ERF
      let product = try BF16TestProduct(rows: rows, inputs: 70, outputs: outputs, &numbers)
      let whole = product.compute(tested, epilogue)
      let top = Int.random(in: 0...rows, using: &numbers)
      let bottom = Int.random(in: top...rows, using: &numbers)
      let left = Int.random(in: 0...(outputs / 16), using: &numbers) * 16
      let right = Int.random(in: left...outputs, using: &numbers)
      let part = product.compute(tested, epilogue, rows: top..<bottom, outputs: left..<right)
      // The end of a row that is an input next is cleared with its last output.
      let cleared =
        product.writesNext(epilogue) && right == outputs && left < right
        ? outputs..<((outputs + 31) / 32 * 32) : 0..<0
      for t in 0..<rows {
        for j in 0..<product.stride {
          let inside = (left..<right).contains(j) || cleared.contains(j)
          let expected =
            inside && (top..<bottom).contains(t)
            ? whole[t * product.stride + j] : BF16TestProduct.untouched
          #expect(part[t * product.stride + j].bitPattern == expected.bitPattern)
        }
      }
    }
  }

  /// A NaN or an infinity in a row or in a weight reaches every result that it has a part in.
  @Test(arguments: ["naive"] + variants, epilogues)
  func notFiniteStaysVisible(variant: String, epilogue: duri_bf16_epilogue) throws {
    var numbers = Numbers(seed: 59)
    let table = try kernels(variant)
    for bad in [Float.nan, .infinity] {
      let product = try BF16TestProduct(
        rows: 4, inputs: 70, outputs: 20, &numbers, badInput: (2, bad), badWeight: (17, bad))
      let y = product.compute(table, epilogue)
      for t in 0..<4 {
        for o in 0..<20 {
          let value = y[t * product.stride + o]
          if bad.isNaN {
            #expect(value.isNaN == (t == 2 || o == 17), "\(t), \(o)")
          } else if t != 2 && o != 17 {
            #expect(value.isFinite)
          } else {
            // Minus infinity is where an activation ends.
            #expect(!value.isFinite || (product.writesNext(epilogue) && abs(value) < 1e-6))
          }
        }
      }
    }
  }

  /// Sums under 2^-126 are what vdpbf16ps and the tiles take for zero.
  @Test(arguments: variants)
  func tinySums(variant: String) throws {
    var numbers = Numbers(seed: 60)
    let product = try BF16TestProduct(
      rows: 5, inputs: 40, outputs: 20, &numbers, scale: 1e-19, bias: false)
    let found = product.compute(try kernels(variant), DURI_BF16_BIAS)
    let expected = product.compute(try naive(), DURI_BF16_BIAS)
    #expect(expected.contains { $0 != 0 && $0.magnitude < .leastNormalMagnitude })
    for (a, b) in zip(found, expected) where b != BF16TestProduct.untouched {
      #expect(abs(a - b) <= (Self.exact.contains(variant) ? 0 : 40 * .leastNormalMagnitude))
    }
  }

  // MARK: - Activations

  @Test(arguments: ["naive"] + variants)
  func activations(variant: String) throws {
    let grid = stride(from: Float(-12), through: 12, by: 1e-3).map { $0 } + [-100, 100, 0]
    let zero = [Float](repeating: 0, count: grid.count)
    for (epilogue, function) in [
      (DURI_BF16_GELU_ERF, DURI_GELU_ERF), (DURI_BF16_GELU_TANH, DURI_GELU_TANH),
      (DURI_BF16_RELU, DURI_RELU),
    ] {
      var numbers = Numbers(seed: 61)
      // f(bias), which is what rows of zeros give.
      let product = try BF16TestProduct(
        rows: 1, inputs: 1, outputs: grid.count, &numbers, scale: 0, biases: grid)
      let found = product.compute(try kernels(variant), epilogue)
      var reference = grid
      duri_activate_naive(&reference, grid.count, zero, 1, grid.count, function)
      for (j, x) in grid.enumerated() {
        #expect(abs(found[j] - reference[j]) <= 4e-6 + abs(reference[j]) * 0x1p-8, "f(\(x))")
      }
    }
  }
}
