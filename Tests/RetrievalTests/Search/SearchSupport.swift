@testable import Retrieval

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine.
struct Numbers: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }

  mutating func vector(_ dimension: Int) -> [Float] {
    (0..<dimension).map { _ in Float.random(in: -1...1, using: &self) }
  }

  mutating func unitVector(_ dimension: Int) -> [Float] {
    let vector = vector(dimension)
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return vector.map { $0 / max(length, 1e-9) }
  }
}

/// Rows in memory, as a store keeps them.
final class Rows {
  let dimension: Int
  let count: Int
  private let floats: UnsafeMutablePointer<Float>
  private let int8: UnsafeMutablePointer<Int8>
  private let scales: UnsafeMutablePointer<Float>
  private let bits: UnsafeMutablePointer<UInt64>
  private var live: UnsafeMutablePointer<UInt64>?

  init(_ vectors: [[Float]], dimension: Int, dead: Set<Int>? = nil) {
    let codec = RowCodec(dimension: dimension)
    self.dimension = dimension
    count = vectors.count
    floats = .allocate(capacity: count * dimension)
    int8 = .allocate(capacity: count * codec.paddedDimension)
    scales = .allocate(capacity: count)
    bits = .allocate(capacity: count * codec.words)
    for (row, vector) in vectors.enumerated() {
      for (index, value) in vector.enumerated() { floats[row * dimension + index] = value }
      codec.encode(
        floats + row * dimension, int8: int8 + row * codec.paddedDimension, scale: scales + row,
        bits: bits + row * codec.words)
    }
    if let dead {
      let words = (count + 63) / 64
      let live = UnsafeMutablePointer<UInt64>.allocate(capacity: words)
      // Ones beyond the last row too: they must not be looked at.
      live.initialize(repeating: .max, count: words)
      for row in dead { live[row / 64] &= ~(1 << UInt64(row % 64)) }
      self.live = live
    }
  }

  deinit {
    floats.deallocate()
    int8.deallocate()
    scales.deallocate()
    bits.deallocate()
    live?.deallocate()
  }

  var segment: VectorSegment {
    VectorSegment(
      count: count, f32: floats, int8: int8, scales: scales, bits: bits,
      live: live.map { UnsafePointer($0) })
  }
}
