import CKernels
import Foundation
import Testing

@testable import Encoder

/// Every variant against the naive reference, for every size from 1 to 67 (all tails of 4, 8, 16 and 32
/// lanes). Rows lie wider apart than they are long; what lies between must stay untouched.
@Suite struct KernelTests {
  static let variants = availableKernels.map(\.name)
  /// Values between rows.
  static let gap: Float = 12345

  func table(_ variant: String) throws -> duri_kernels {
    try #require(Kernels(named: variant)).table.pointee
  }

  /// rows × width values, each row followed by three gap values.
  func matrix(_ rows: Int, _ width: Int, _ numbers: inout Numbers, _ range: ClosedRange<Float>)
    -> [Float]
  {
    var values = numbers.floats(rows * (width + 3), in: range)
    for row in 0..<rows {
      for column in width..<(width + 3) { values[row * (width + 3) + column] = Self.gap }
    }
    return values
  }

  func expectClose(
    _ found: [Float], _ reference: [Float], tolerance: Float, _ label: String
  ) {
    let difference = largestDifference(found, reference)
    #expect(difference <= tolerance, "\(label): max diff \(difference)")
  }

  @Test func dispatchKnowsItsNames() {
    #expect(duri_kernels_named("generic") != nil)
    #expect(duri_kernels_named("sse9") == nil)
    #expect(duri_kernels_named(nil) == nil)
    let forced = ProcessInfo.processInfo.environment["DURI_KERNELS"]
    if let forced, Self.variants.contains(forced) {
      #expect(Kernels.best.name == forced)
    } else {
      #expect(Kernels.best.name == Self.variants.last)
    }
  }

  @Test(arguments: variants)
  func linear(variant: String) throws {
    guard let linear = try table(variant).linear else { return }
    var numbers = Numbers(seed: 1)
    let inputs = Array(1...67) + [768, 769, 1000, 1536, 1600]
    for input in inputs {
      let rows = Int.random(in: 1...14, using: &numbers)
      let output = Int.random(in: 1...11, using: &numbers)
      let x = matrix(rows, input, &numbers, -1...1)
      let w = matrix(output, input, &numbers, -1...1)
      var y = matrix(rows, output, &numbers, -1...1)
      var reference = y
      let ld = input + 3
      linear(&y, output + 3, x, ld, w, ld, rows, output, input)
      duri_linear_naive(&reference, output + 3, x, ld, w, ld, rows, output, input)
      expectClose(y, reference, tolerance: 1e-5, "\(rows)x\(input)->\(output)")
    }
  }

  @Test(arguments: variants)
  func linearRowsAreIndependent(variant: String) throws {
    guard let linear = try table(variant).linear else { return }
    var numbers = Numbers(seed: 2)
    for (input, output) in [(32, 32), (384, 40), (1536, 24), (70, 9)] {
      let rows = 131
      let x = numbers.floats(rows * input)
      let w = numbers.floats(output * input)
      var whole = [Float](repeating: 0, count: rows * output)
      linear(&whole, output, x, input, w, input, rows, output, input)
      for first in 0..<rows {
        let count = min(rows - first, 1 + first % 13)
        var part = [Float](repeating: 0, count: count * output)
        linear(&part, output, Array(x[(first * input)...]), input, w, input, count, output, input)
        #expect(sameBits(part, Array(whole[(first * output)..<((first + count) * output)])))
      }
    }
  }

  @Test(arguments: variants)
  func matmul(variant: String) throws {
    let kernels = try table(variant)
    var numbers = Numbers(seed: 3)
    for n in 1...67 {
      let m = Int.random(in: 1...19, using: &numbers)
      let k = Int.random(in: 1...70, using: &numbers)
      let a = matrix(m, k, &numbers, -1...1)
      let b = matrix(k, n, &numbers, -1...1)
      var c = matrix(m, n, &numbers, -1...1)
      var reference = c
      kernels.matmul(&c, n + 3, a, k + 3, b, n + 3, m, n, k)
      duri_matmul_naive(&reference, n + 3, a, k + 3, b, n + 3, m, n, k)
      expectClose(c, reference, tolerance: 1e-5, "\(m)x\(k)x\(n)")
    }
  }

  @Test(arguments: variants)
  func softmax(variant: String) throws {
    let kernels = try table(variant)
    var numbers = Numbers(seed: 4)
    for n in 1...67 {
      for range in [Float(-1)...1, -900...900, -3...(-2)] {
        var s = matrix(5, n, &numbers, range)
        var reference = s
        kernels.softmax(&s, n + 3, 5, n, 0.125)
        duri_softmax_naive(&reference, n + 3, 5, n, 0.125)
        expectClose(s, reference, tolerance: 4e-7, "\(n) of \(range)")
      }
    }
  }

  @Test(arguments: variants)
  func activations(variant: String) throws {
    let kernels = try table(variant)
    var numbers = Numbers(seed: 5)
    for function in [DURI_GELU_ERF, DURI_GELU_TANH, DURI_RELU] {
      for n in 1...67 {
        let bias = numbers.floats(n)
        for limit in [Float(1), 8, 100] {
          var x = matrix(3, n, &numbers, -limit...limit)
          var reference = x
          kernels.activate(&x, n + 3, bias, 3, n, function)
          duri_activate_naive(&reference, n + 3, bias, 3, n, function)
          // Relative to the largest value: two roundings of 32 bits.
          expectClose(x, reference, tolerance: 3e-7 * max(limit, 2), "\(n) of ±\(limit)")
        }
      }
    }
  }

  /// Against the formula in double, over a fine grid: the stated error of the vectorised erf.
  @Test(arguments: variants)
  func geluErrorIsAsStated(variant: String) throws {
    let kernels = try table(variant)
    let grid = stride(from: -9.0, through: 9.0, by: 1e-5).map { Float($0) }
    var x = grid
    kernels.activate(
      &x, grid.count, [Float](repeating: 0, count: grid.count), 1, grid.count,
      DURI_GELU_ERF)
    var largest = 0.0
    for (v, found) in zip(grid, x) {
      let exact = 0.5 * Double(v) * erfc(-Double(v) / 2.0.squareRoot())
      largest = max(largest, abs(Double(found) - exact) / max(1, abs(Double(v))))
    }
    print("gelu \(variant): max error \(largest) relative to max(1, |x|)")
    #expect(largest <= 1.5e-7)
  }

  @Test(arguments: variants)
  func residualNorm(variant: String) throws {
    let kernels = try table(variant)
    var numbers = Numbers(seed: 6)
    for n in 1...67 {
      for range in [Float(-1)...1, 99...101, -1e4...1e4] {
        let x = matrix(3, n, &numbers, range)
        let r = matrix(3, n, &numbers, -1...1)
        let bias = numbers.floats(n)
        let gamma = numbers.floats(n)
        let beta = numbers.floats(n)
        var y = matrix(3, n, &numbers, -1...1)
        var reference = y
        kernels.residual_norm(&y, n + 3, x, n + 3, r, n + 3, bias, gamma, beta, 1e-5, 3, n)
        duri_residual_norm_naive(
          &reference, n + 3, x, n + 3, r, n + 3, bias, gamma, beta, 1e-5, 3, n)
        expectClose(y, reference, tolerance: 2e-6, "\(n) of \(range)")
        // In place over the residual, as the encoder calls it.
        var inPlace = r
        inPlace.withUnsafeMutableBufferPointer {
          if let p = $0.baseAddress {
            kernels.residual_norm(p, n + 3, x, n + 3, p, n + 3, bias, gamma, beta, 1e-5, 3, n)
          }
        }
        #expect(sameBits(inPlace, y))
      }
    }
  }

  @Test(arguments: variants)
  func attention(variant: String) throws {
    let kernels = try #require(Kernels(named: variant))
    var numbers = Numbers(seed: 7)
    for n in Array(1...67) + [128, 130] {
      let heads = Int.random(in: 1...3, using: &numbers)
      let size = try #require([1, 8, 12, 32, 33].randomElement(using: &numbers))
      let hidden = heads * size
      let qkv = matrix(n, 3 * hidden, &numbers, -2...2)
      var out = matrix(n, hidden, &numbers, -1...1)
      var reference = out
      let floats = duri_attention_scratch(n, size)
      var scratch = [Float](repeating: .nan, count: floats + 1)
      scratch[floats] = Self.gap
      for head in 0..<heads {
        let first = Int.random(in: 0...n, using: &numbers)
        for (begin, end) in [(0, first), (first, n)] {
          duri_attention(
            kernels.table, &out, hidden + 3, qkv, 3 * hidden + 3, n, heads, size, head, begin,
            end - begin, &scratch)
        }
      }
      #expect(scratch[floats] == Self.gap)
      var probabilities = [Double](repeating: 0, count: n)
      duri_attention_naive(
        &reference, hidden + 3, qkv, 3 * hidden + 3, n, heads, size, &probabilities)
      expectClose(out, reference, tolerance: 5e-6, "\(n) tokens, \(heads)x\(size)")
    }
  }

  /// Any part of the queries gives the bits of the whole, near the reference.
  @Test(arguments: variants)
  func attentionInBF16(variant: String) throws {
    let kernels = try table(variant)
    guard let attention = kernels.attention_bf16, let scratchSize = kernels.attention_bf16_scratch
    else { return }
    var numbers = Numbers(seed: 8)
    for n in Array(1...67) + [128, 300] {
      let heads = Int.random(in: 1...3, using: &numbers)
      let size = try #require([1, 8, 12, 32, 33, 64].randomElement(using: &numbers))
      let hidden = heads * size
      let qkv = matrix(n, 3 * hidden, &numbers, -2...2)
      var out = matrix(n, hidden, &numbers, -1...1)
      var reference = out
      var whole = out
      let floats = scratchSize(n, size)
      var scratch = [Float](repeating: .nan, count: floats + 1)
      scratch[floats] = Self.gap
      for head in 0..<heads {
        let first = Int.random(in: 0...n, using: &numbers)
        for (begin, end) in [(0, first), (first, n)] {
          attention(
            &out, hidden + 3, qkv, 3 * hidden + 3, n, heads, size, head, begin, end - begin,
            &scratch)
        }
        attention(&whole, hidden + 3, qkv, 3 * hidden + 3, n, heads, size, head, 0, n, &scratch)
      }
      #expect(scratch[floats] == Self.gap)
      #expect(sameBits(out, whole))
      var probabilities = [Double](repeating: 0, count: n)
      duri_attention_naive(
        &reference, hidden + 3, qkv, 3 * hidden + 3, n, heads, size, &probabilities)
      expectClose(out, reference, tolerance: 0.02, "\(n) tokens, \(heads)x\(size)")
    }
    #expect(scratchSize(Int.max, 64) == 0)
    #expect(scratchSize(64, Int.max) == 0)
  }

  /// A NaN or an infinity in one query, or in any key or value, shows in what it reaches.
  @Test(arguments: variants)
  func attentionInBF16KeepsWhatIsNotFinite(variant: String) throws {
    let kernels = try table(variant)
    guard let attention = kernels.attention_bf16, let scratchSize = kernels.attention_bf16_scratch
    else { return }
    let size = 32
    for n in [5, 40] {
      for bad in [Float.nan, .infinity] {
        for part in 0..<3 {
          var qkv = Numbers.spread(n * 3 * size)
          qkv[3 * 3 * size + part * size + 1] = bad
          var out = [Float](repeating: 0, count: n * size)
          var scratch = [Float](repeating: 0, count: scratchSize(n, size))
          attention(&out, size, qkv, 3 * size, n, 1, size, 0, 0, n, &scratch)
          let rows = (0..<n).map { row in
            out[(row * size)..<((row + 1) * size)].allSatisfy(\.isFinite)
          }
          // A query reaches its own row only, a key (by an infinity: where it wins) or value more.
          #expect(rows.contains(false), "\(bad) in part \(part)")
          if part == 0 { #expect(rows == (0..<n).map { $0 != 3 }) }
        }
      }
    }
  }

  @Test func attentionScratchRefusesWhatDoesNotFit() {
    #expect(duri_attention_scratch(Int.max, 64) == 0)
    #expect(duri_attention_scratch(64, Int.max) == 0)
    #expect(duri_attention_scratch(8192, 64) >= 8192 * 128)
  }

  /// A row with a NaN or an infinity gives a row that is not finite, and leaves other rows alone.
  @Test(arguments: variants)
  func notFiniteStaysVisible(variant: String) throws {
    let kernels = try table(variant)
    for bad in [Float.nan, .infinity] {
      for n in [1, 7, 16, 33] {
        for place in Set([0, n / 2, n - 1]) {
          let clean = Numbers.spread(3 * n)
          var values = clean
          values[n + place] = bad
          let zero = [Float](repeating: 0, count: n)
          let one = [Float](repeating: 1, count: n)
          var s = values
          kernels.softmax(&s, n, 3, n, 1)
          var g = values
          kernels.activate(&g, n, zero, 3, n, DURI_GELU_ERF)
          var t = values
          kernels.activate(&t, n, zero, 3, n, DURI_GELU_TANH)
          var l = values
          kernels.residual_norm(&l, n, values, n, values, n, zero, one, zero, 1e-5, 3, n)
          for (name, found) in [("softmax", s), ("erf", g), ("tanh", t), ("norm", l)] {
            let rows = (0..<3).map { row in
              found[(row * n)..<((row + 1) * n)].allSatisfy(\.isFinite)
            }
            #expect(rows == [true, false, true], "\(name) \(bad) at \(place) of \(n)")
          }
        }
      }
    }
  }

  @Test func pooling() {
    // Two rows of (1, -2, 3), (5, 4, -9), one gap value each.
    let x: [Float] = [1, -2, 3, Self.gap, 5, 4, -9, Self.gap]
    var out = [Float](repeating: 0, count: 3)
    duri_pool_sum(&out, x, 4, 2, 3, 2)
    #expect(out == [3, 1, -3])
    duri_pool_sum(&out, x, 4, 2, 3, 2.0.squareRoot())
    expectClose(out, [4.2426405, 1.4142135, -4.2426405], tolerance: 5e-7, "mean_sqrt_len")
    duri_pool_max(&out, x, 4, 2, 3)
    #expect(out == [5, 4, 3])
    duri_pool_max(&out, [1, .nan, 3, 0, 2, 2, .nan, 0], 4, 2, 3)
    #expect(out[0] == 2 && out[1].isNaN && out[2].isNaN)
    var v: [Float] = [0, 0.5, -30]
    duri_tanh(&v, 3)
    #expect(v == [0, tanhf(0.5), -1])
  }

  /// Widths around the block of columns that pooling sums at once.
  @Test func poolingWidths() {
    for n in [1, 63, 64, 65, 200] {
      let x = Numbers.spread(5 * n)
      var out = [Float](repeating: 0, count: n)
      duri_pool_sum(&out, x, n, 5, n, 5)
      let mean = (0..<n).map { j in
        Float((0..<5).reduce(0.0) { $0 + Double(x[$1 * n + j]) } / 5)
      }
      expectClose(out, mean, tolerance: 1e-7, "\(n)")
    }
  }
}

extension Numbers {
  /// `count` numbers in -1...1, always the same.
  static func spread(_ count: Int) -> [Float] {
    var numbers = Numbers(seed: 99)
    return numbers.floats(count)
  }
}
