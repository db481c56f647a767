import TestSupport
import Testing

@testable import Service

@Suite struct EncodedVectorTests {
  @Test func float32IsTheVectorItself() {
    let vector: [Float] = [0, -0.0, 1.5, -.pi, .leastNonzeroMagnitude]
    #expect(EncodedVector(vector, as: .float32).storage == .float32(vector))
  }

  @Test(arguments: VectorEncoding.allCases)
  func anEmptyVectorStaysEmpty(encoding: VectorEncoding) {
    let encoded = EncodedVector([], as: encoding)
    #expect(encoded.dimension == 0)
    switch encoded.storage {
    case .float32(let values): #expect(values.isEmpty)
    case .float16(let bytes), .int8(let bytes, _), .binary(let bytes): #expect(bytes.isEmpty)
    }
  }

  @Test(arguments: VectorEncoding.allCases, [1, 7, 8, 9, 384])
  func sizesFollowFromTheDimension(encoding: VectorEncoding, dimension: Int) {
    let encoded = EncodedVector([Float](repeating: 0.5, count: dimension), as: encoding)
    #expect(encoded.dimension == dimension)
    switch encoded.storage {
    case .float32(let values): #expect(values.count == dimension)
    case .float16(let bytes): #expect(bytes.count == 2 * dimension)
    case .int8(let bytes, _): #expect(bytes.count == dimension)
    case .binary(let bytes): #expect(bytes.count == (dimension + 7) / 8)
    }
  }

  // MARK: - int8

  private func int8(_ vector: [Float]) -> (values: [Int8], scale: Float) {
    guard case .int8(let bytes, let scale) = EncodedVector(vector, as: .int8).storage else {
      Issue.record("another encoding than asked for")
      return ([], .nan)
    }
    return (bytes.map(Int8.init(bitPattern:)), scale)
  }

  @Test func theLargestComponentIs127Steps() {
    let (values, scale) = int8([0.5, -1, 0.25, 0])
    #expect(scale == 1 / 127 as Float)
    #expect(values == [64, -127, 32, 0])
  }

  @Test func halvesOfAStepGoToTheEvenNumber() {
    // Largest 127, so a step is 1.
    let (values, scale) = int8([127, 0.5, 1.5, 2.5, -0.5, -1.5, -2.5, 126.5, -126.5])
    #expect(scale == 1)
    #expect(values == [127, 0, 2, 2, 0, -2, -2, 126, -126])
  }

  @Test func zeroHasScaleZero() {
    let (values, scale) = int8([0, -0.0, 0])
    #expect(scale == 0)
    #expect(values == [0, 0, 0])
  }

  @Test func everyComponentIsWithinHalfAStep() {
    var generator = SeededGenerator(3)
    for magnitude in [1e-30, 1e-3, 1, 3e38] as [Float] {
      let vector = (0..<999).map { _ in Float.random(in: -1...1, using: &generator) * magnitude }
      let (values, scale) = int8(vector)
      #expect(values.contains { abs(Int($0)) == 127 })
      for (component, value) in zip(vector, values) {
        let error = abs(Double(component) - Double(value) * Double(scale))
        #expect(error <= Double(scale) * 0.500_01)
      }
    }
  }

  @Test func numbersTooSmallForAScaleDoNotTrap() {
    let (values, scale) = int8([.leastNonzeroMagnitude, -.leastNonzeroMagnitude])
    #expect(scale == 0)
    #expect(values == [0, 0])
  }

  /// The engine refuses such vectors; should one come all the same, it must not end the process.
  @Test(arguments: [[Float.nan, 1], [.infinity, 1], [-.infinity, .nan]])
  func numbersThatAreNotFiniteDoNotTrap(vector: [Float]) {
    #expect(int8(vector).values.count == 2)
  }

  // MARK: - binary

  private func binary(_ vector: [Float]) -> [UInt8] {
    guard case .binary(let bytes) = EncodedVector(vector, as: .binary).storage else { return [] }
    return bytes
  }

  @Test func onlyPositiveComponentsAreOnes() {
    #expect(binary([0.1, -0.1, 0, -0.0, .leastNonzeroMagnitude, 1, -1, 2]) == [0b1000_1101])
  }

  @Test func theFirstComponentIsTheMostSignificantBit() {
    #expect(binary([1, -1, -1, -1, -1, -1, -1, -1]) == [0x80])
    #expect(binary([-1, -1, -1, -1, -1, -1, -1, 1]) == [0x01])
  }

  @Test func theLastByteIsPaddedWithZeros() {
    #expect(binary([1]) == [0x80])
    #expect(binary([1, 1, 1]) == [0xE0])
    #expect(binary([Float](repeating: 1, count: 9)) == [0xFF, 0x80])
    #expect(binary([Float](repeating: 1, count: 15)) == [0xFF, 0xFE])
  }

  @Test(arguments: [1, 5, 8, 31, 384, 1023])
  func bitsUnpackToTheSigns(dimension: Int) {
    var generator = SeededGenerator(UInt64(dimension))
    let vector = (0..<dimension).map { _ in Float.random(in: -1...1, using: &generator) }
    let bytes = binary(vector)
    for bit in 0..<bytes.count * 8 {
      let isSet = (bytes[bit / 8] >> (7 - UInt8(bit % 8))) & 1 == 1
      #expect(isSet == (bit < dimension && vector[bit] > 0))
    }
  }
}
