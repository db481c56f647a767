import CKernels
import Testing

@testable import Retrieval

/// Every variant against the naive reference: the same bits.
@Suite struct SearchKernelTests {
  static let variants = ["avx2", "avx512"].filter { SearchKernels(named: $0) != nil }
  static let dimensions = Array(1...67) + [127, 384, 513, 768, 1024, 4096]
  private static let naive = SearchKernels.naive

  /// Rows and queries of one dimension, in every form.
  private struct Sample {
    let dimension: Int
    let count: Int
    let queryCount: Int
    let floats: [Float]
    let queries: [Float]
    var int8: [Int8]
    var scales: [Float]
    var bits: [UInt64]
    var digits: [Int8]
    var planes: [UInt64]
    var padded: Int { RowCodec.padded(dimension) }
    var words: Int { padded / 64 }

    init(dimension: Int, count: Int, queryCount: Int, seed: UInt64) {
      var numbers = Numbers(seed)
      self.dimension = dimension
      self.count = count
      self.queryCount = queryCount
      floats = numbers.vector(count * dimension)
      queries = numbers.vector(queryCount * dimension)
      let codec = RowCodec(dimension: dimension)
      int8 = Array(repeating: 0, count: count * codec.paddedDimension)
      scales = Array(repeating: 0, count: count)
      bits = Array(repeating: 0, count: count * codec.words)
      digits = Array(repeating: 0, count: queryCount * 2 * codec.paddedDimension)
      planes = Array(repeating: 0, count: queryCount * 3 * codec.words)
      for row in 0..<count {
        let vector = Array(floats[row * dimension..<(row + 1) * dimension])
        int8.withUnsafeMutableBufferPointer { int8 in
          bits.withUnsafeMutableBufferPointer { bits in
            guard let int8 = int8.baseAddress, let bits = bits.baseAddress else { return }
            codec.encode(
              vector, int8: int8 + row * codec.paddedDimension, scale: &scales[row],
              bits: bits + row * codec.words)
          }
        }
      }
      for query in 0..<queryCount {
        let vector = Array(queries[query * dimension..<(query + 1) * dimension])
        var scale: Float = 0
        var one = [Int8](repeating: 0, count: 2 * codec.paddedDimension)
        _ = duri_search_encode_digits(&one, &scale, vector, dimension)
        digits.replaceSubrange(query * one.count..<(query + 1) * one.count, with: one)
        var signs = [UInt64](repeating: 0, count: 3 * codec.words)
        duri_search_encode_planes(&signs, vector, dimension)
        planes.replaceSubrange(query * signs.count..<(query + 1) * signs.count, with: signs)
      }
    }
  }

  /// Everything a variant computes, with room behind that must stay as it is.
  private struct Outcome: Equatable {
    var f32: [UInt32]
    var int8: [UInt32]
    var mismatch: [UInt16]
    var f32At: [UInt32]
    var int8At: [UInt32]

    init(_ kernels: SearchKernels, _ sample: Sample) {
      let table = kernels.table.pointee
      let lds = sample.count + 3
      let at = (0..<sample.count).map { UInt32(($0 * 7 + 3) % sample.count) }
      var scores = [Float](repeating: 7, count: sample.queryCount * lds)
      table.dot_f32(
        &scores, lds, sample.queries, sample.queryCount, sample.floats, sample.count,
        sample.dimension)
      f32 = scores.map(\.bitPattern)
      scores = scores.map { _ in 7 }
      table.dot_int8(
        &scores, lds, sample.digits, sample.queryCount, sample.int8, sample.scales, sample.count,
        sample.padded)
      int8 = scores.map(\.bitPattern)
      var penalties = [UInt16](repeating: 7, count: sample.queryCount * lds)
      table.mismatch(
        &penalties, lds, sample.planes, sample.queryCount, sample.bits, sample.count, sample.words)
      mismatch = penalties
      scores = scores.map { _ in 7 }
      table.dot_f32_at(&scores, sample.queries, sample.floats, at, at.count, sample.dimension)
      f32At = scores.map(\.bitPattern)
      scores = scores.map { _ in 7 }
      table.dot_int8_at(
        &scores, sample.digits, sample.int8, sample.scales, at, at.count, sample.padded)
      int8At = scores.map(\.bitPattern)
    }
  }

  @Test(arguments: variants, dimensions)
  func productsHaveTheReferencesBits(_ variant: String, dimension: Int) throws {
    let kernels = try #require(SearchKernels(named: variant))
    for (count, queries) in [(1, 1), (5, 2), (37, 3), (dimension > 700 ? 18 : 133, 7)] {
      let sample = Sample(
        dimension: dimension, count: count, queryCount: queries, seed: UInt64(dimension + count))
      #expect(Outcome(kernels, sample) == Outcome(Self.naive, sample), "\(count) rows")
    }
  }

  @Test(arguments: variants)
  func manyQueriesHaveTheReferencesBits(_ variant: String) throws {
    let kernels = try #require(SearchKernels(named: variant))
    let sample = Sample(dimension: 100, count: 256, queryCount: 131, seed: 9)
    #expect(Outcome(kernels, sample) == Outcome(Self.naive, sample))
  }

  /// Values at the ends of their ranges: the sums of the variants must not overflow.
  @Test(arguments: variants)
  func extremesHaveTheReferencesBits(_ variant: String) throws {
    let kernels = try #require(SearchKernels(named: variant))
    for (byte, digit) in [(127, 127), (127, -127), (-127, 127), (-128, -127), (-128, 127)] {
      var sample = Sample(dimension: 4096, count: 9, queryCount: 2, seed: 1)
      sample.int8 = sample.int8.map { _ in Int8(byte) }
      sample.digits = sample.digits.map { _ in Int8(digit) }
      sample.bits = sample.bits.map { _ in byte > 0 ? .max : 0 }
      sample.planes = sample.planes.map { _ in digit > 0 ? .max : 0 }
      #expect(Outcome(kernels, sample) == Outcome(Self.naive, sample))
    }
  }

  @Test(arguments: variants)
  func selectionsAreTheReferences(_ variant: String) throws {
    let table = try #require(SearchKernels(named: variant)).table.pointee
    let naive = Self.naive.table.pointee
    var numbers = Numbers(3)
    for count in Array(0...70) + [255, 256] {
      let words = (count + 63) / 64
      var scores = numbers.vector(count)
      for index in scores.indices where index % 13 == 5 { scores[index] = .nan }
      let scales = numbers.vector(count)
      let penalties = (0..<count).map { _ in UInt16.random(in: 0...UInt16.max, using: &numbers) }
      let live = (0..<words).map { _ in numbers.next() }
      for mask in [nil, live] {
        for (margin, threshold) in [(Float(0), Float(0.2)), (0.5, 0.1), (0, -.infinity), (1, 2)] {
          var found = [[UInt32]](repeating: [UInt32](repeating: 9, count: count), count: 2)
          let a = table.above(&found[0], scores, scales, margin, count, threshold, mask)
          let b = naive.above(&found[1], scores, scales, margin, count, threshold, mask)
          #expect(found[0].prefix(Int(a)) == found[1].prefix(Int(b)))
        }
        for threshold: UInt16 in [0, 1, 20_000, 40_000, .max] {
          var found = [[UInt32]](repeating: [UInt32](repeating: 9, count: count), count: 2)
          let a = table.below(&found[0], penalties, count, threshold, mask)
          let b = naive.below(&found[1], penalties, count, threshold, mask)
          #expect(found[0].prefix(Int(a)) == found[1].prefix(Int(b)))
        }
      }
    }
  }

  // MARK: The reference itself, against the definitions

  @Test(arguments: [1, 7, 64, 65, 384])
  func referenceComputesTheDefinitions(_ dimension: Int) {
    let sample = Sample(dimension: dimension, count: 11, queryCount: 1, seed: 5)
    let outcome = Outcome(Self.naive, sample)
    for row in 0..<sample.count {
      var exact = 0.0
      var int8 = 0.0
      var penalty = 0
      for index in 0..<dimension {
        let value = sample.floats[row * dimension + index]
        exact += Double(sample.queries[index]) * Double(value)
        let digits =
          254 * Int(sample.digits[index]) + Int(sample.digits[sample.padded + index])
        int8 += Double(digits) * Double(sample.int8[row * sample.padded + index])
        let one = sample.planes[sample.words + index / 64] >> UInt64(index % 64) & 1
        let two = sample.planes[2 * sample.words + index / 64] >> UInt64(index % 64) & 1
        if (value > 0) != (sample.queries[index] > 0) { penalty += Int(one + 2 * two) }
      }
      #expect(abs(Double(Float(bitPattern: outcome.f32[row])) - exact) < 1e-5)
      let scaled = int8 * Double(sample.scales[row])
      #expect(abs(Double(Float(bitPattern: outcome.int8[row])) - scaled) <= abs(scaled) * 1e-6)
      #expect(Int(outcome.mismatch[row]) == penalty)
    }
  }
}

extension SearchKernels {
  /// The reference; every machine has it.
  static var naive: SearchKernels { SearchKernels(named: "naive") ?? best }
}
