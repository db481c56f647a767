import CKernels
import Testing

@testable import Retrieval

@Suite struct RowCodecTests {
  private struct Encoded {
    var int8: [Int8]
    var scale: Float = -1
    var bits: [UInt64]

    init(_ vector: [Float]) {
      let codec = RowCodec(dimension: vector.count)
      int8 = Array(repeating: 99, count: codec.paddedDimension)
      bits = Array(repeating: .max, count: codec.words)
      codec.encode(vector, int8: &int8, scale: &scale, bits: &bits)
    }
  }

  @Test(arguments: [1, 63, 64, 65, 384])
  func bytesAndSignsStandForTheVector(_ dimension: Int) {
    var numbers = Numbers(UInt64(dimension))
    let vector = numbers.vector(dimension)
    let encoded = Encoded(vector)
    #expect(encoded.scale == (vector.map(abs).max() ?? 0) / 127)
    for (index, value) in vector.enumerated() {
      #expect(abs(Float(encoded.int8[index]) * encoded.scale - value) <= encoded.scale * 0.5001)
      #expect((encoded.bits[index / 64] >> UInt64(index % 64) & 1 == 1) == (value > 0))
    }
    #expect(encoded.int8[dimension...].allSatisfy { $0 == 0 })
    if dimension % 64 != 0 {
      #expect(encoded.bits[encoded.bits.count - 1] >> UInt64(dimension % 64) == 0)
    }
  }

  private static let withoutLength: [[Float]] = [
    [0, 0, 0], [1, .nan, 2], [.infinity, 0], [-.infinity, .nan], [1e-38, -1e-37],
  ]

  @Test(arguments: withoutLength)
  func vectorsWithoutALengthAreZeros(_ vector: [Float]) {
    let encoded = Encoded(vector)
    #expect(encoded.scale == 0)
    #expect(encoded.int8.allSatisfy { $0 == 0 })
  }

  /// What exact search relies on: the int8 score and its bound enclose the f32 score.
  @Test(arguments: [1, 2, 64, 100, 384, 1024, 4096])
  func boundHolds(_ dimension: Int) {
    var numbers = Numbers(UInt64(dimension))
    let table = SearchKernels.naive.table.pointee
    let padded = RowCodec.padded(dimension)
    for round in 0..<200 {
      var query = numbers.vector(dimension)
      var row = round % 4 == 3 ? query : numbers.vector(dimension)
      // One component far larger than the others, and lengths far from 1.
      if round % 3 == 1 { row[round % dimension] = 50 }
      if round % 5 == 2 { query[round % dimension] = -900 }
      if round % 7 == 6 { row = row.map { $0 * 1e-12 } }
      let encoded = Encoded(row)
      var digits = [Int8](repeating: 0, count: 2 * padded)
      var scale: Float = 0
      let bound = duri_search_encode_digits(&digits, &scale, query, dimension)
      var f32: Float = 0
      table.dot_f32(&f32, 1, query, 1, row, 1, dimension)
      var int8: Float = 0
      table.dot_int8(&int8, 1, digits, 1, encoded.int8, [encoded.scale], 1, padded)
      let error = abs(Double(f32) * 254 / Double(scale) - Double(int8))
      #expect(error <= Double(bound) * Double(encoded.scale))
    }
  }

  /// The worst the rounding can do: every component halfway between two bytes, all errors of one sign.
  @Test func boundHoldsWhereRoundingIsWorst() {
    let dimension = 384
    var row = (0..<dimension).map { Float($0 % 40) + 0.49999 }
    row[0] = 127
    let query = [Float](repeating: 1, count: dimension)
    let encoded = Encoded(row)
    var digits = [Int8](repeating: 0, count: 2 * dimension)
    var scale: Float = 0
    let bound = duri_search_encode_digits(&digits, &scale, query, dimension)
    let table = SearchKernels.naive.table.pointee
    var f32: Float = 0
    table.dot_f32(&f32, 1, query, 1, row, 1, dimension)
    var int8: Float = 0
    table.dot_int8(&int8, 1, digits, 1, encoded.int8, [encoded.scale], 1, dimension)
    let error = abs(Double(f32) * 254 / Double(scale) - Double(int8))
    #expect(error <= Double(bound) * Double(encoded.scale))
    #expect(error > Double(bound) * Double(encoded.scale) * 0.9)
  }
}
