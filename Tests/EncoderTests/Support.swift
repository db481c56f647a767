import Foundation
import ModelFiles

@testable import Encoder

/// Every kernel variant this CPU runs.
let availableKernels: [Kernels] = ["generic", "avx2", "avx512", "avx512bf16"].compactMap {
  Kernels(named: $0)
}

/// Every 8-bit variant this CPU runs.
let availableInt8Kernels: [Int8Kernels] = [
  "generic", "amx-emulated", "avx2", "avxvnni", "avx512vnni", "amx",
].compactMap { Int8Kernels(named: $0) }

/// Every bfloat16 variant this CPU runs.
let availableBF16Kernels: [BF16Kernels] = [
  "naive", "amx-emulated", "avx2", "avx512", "avx512bf16", "amx",
].compactMap { BF16Kernels(named: $0) }

let testsFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent()

/// Folders of the tiny checkpoints that `Goldens/encoder.py` writes.
let tinyCheckpoints = [
  "bert-f32", "bert-bf16-gelu-new", "bert-dense", "xlm-roberta-f32", "xlm-roberta-f16-relu",
]

func tinyFolder(_ name: String) -> String {
  testsFolder.appendingPathComponent("Goldens/encoder/\(name)").path
}

/// Reproducible numbers (SplitMix64).
struct Numbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  mutating func floats(_ count: Int, in range: ClosedRange<Float> = -1...1) -> [Float] {
    (0..<count).map { _ in Float.random(in: range, using: &self) }
  }

  mutating func ids(_ count: Int, vocabulary: Int) -> [Int32] {
    (0..<count).map { _ in Int32.random(in: 3..<Int32(vocabulary), using: &self) }
  }
}

/// Vectors of the texts computed as one block, (N) × dimension; not normalised.
func vectors(
  _ texts: [[Int32]], _ encoder: TransformerEncoder, _ workspace: TransformerWorkspace,
  team: Team = Team(size: 1)
) throws -> [[Float]] {
  var block = Block()
  for text in texts { block.append(text) }
  var output = [Float](repeating: .nan, count: texts.count * encoder.dimension)
  try output.withUnsafeMutableBufferPointer { buffer throws(EncoderError) in
    try encoder.encode(block, using: workspace, team: team, into: buffer)
  }
  return (0..<texts.count).map {
    Array(output[($0 * encoder.dimension)..<(($0 + 1) * encoder.dimension)])
  }
}

func normalized(_ vector: [Float]) -> [Float] {
  var vector = vector
  vector.withUnsafeMutableBufferPointer { VectorMath.normalize($0) }
  return vector
}

/// Largest difference of two components; infinite where one is NaN or the counts differ.
func largestDifference(_ a: [Float], _ b: [Float]) -> Float {
  guard a.count == b.count else { return .infinity }
  var largest: Float = 0
  for (x, y) in zip(a, b) where x != y {
    let difference = abs(x - y)
    largest = difference.isNaN ? .infinity : max(largest, difference)
  }
  return largest
}

func cosine(_ a: [Float], _ b: [Float]) -> Double {
  zip(normalized(a), normalized(b)).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

/// Equality of bits, so that 0 ≠ -0 and NaN = NaN.
func sameBits(_ a: [Float], _ b: [Float]) -> Bool {
  a.map(\.bitPattern) == b.map(\.bitPattern)
}

/// Memory aligned to a cache line, freed with the object.
final class Aligned<Value: BitwiseCopyable> {
  let pointer: UnsafeMutablePointer<Value>
  let count: Int

  init(_ count: Int, filling value: Value) {
    self.count = count
    pointer = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Value>.stride, alignment: 64
    ).bindMemory(to: Value.self, capacity: max(count, 1))
    pointer.initialize(repeating: value, count: count)
  }

  var raw: UnsafeMutableRawPointer { UnsafeMutableRawPointer(pointer) }
  var values: [Value] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  deinit { UnsafeMutableRawPointer(pointer).deallocate() }
}
