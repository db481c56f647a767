import Foundation
import ModelFiles
import Synchronization
import Testing

@testable import Encoder

/// The same text gives the same bits, whatever else is computed with it.
@Suite struct InvarianceTests {
  /// Kernels that promise it; "generic" goes through the BLAS and agrees to a tolerance instead.
  static let variants = availableKernels.map(\.name)

  @Test(arguments: variants, Precision.allCases)
  func sameBitsInEveryBlock(variant: String, precision: Precision) throws {
    for name in ["bert-f32", "xlm-roberta-f16-relu", "bert-dense"] {
      try checkBlocks(name, Kernels(named: variant), precision)
    }
  }

  private func checkBlocks(_ name: String, _ kernels: Kernels?, _ precision: Precision) throws {
    let encoder = try TransformerEncoder(
      ModelFolder.open(path: tinyFolder(name)), precision: precision,
      kernels: try #require(kernels))
    var numbers = Numbers(seed: 42)
    let vocabulary = name == "bert-dense" ? 29 : 101
    let lengths = Array(1...24) + (encoder.maximumTokens >= 512 ? [31, 64, 65, 127, 512] : [])
    let texts = lengths.map { numbers.ids($0, vocabulary: vocabulary) }
    let workspace = encoder.makeWorkspace(tokens: 2000)
    let alone = try texts.map { try vectors([$0], encoder, workspace)[0] }
    // Stale contents of a workspace must not matter: half of the blocks use a fresh one.
    for round in 0..<12 {
      let order = Array(texts.indices.shuffled(using: &numbers).prefix(round * 2 + 2))
      let space = round % 2 == 0 ? workspace : encoder.makeWorkspace(tokens: 2000)
      for (index, vector) in zip(order, try vectors(order.map { texts[$0] }, encoder, space)) {
        if encoder.isBlockInvariant {
          #expect(sameBits(vector, alone[index]), "\(texts[index].count) tokens")
        } else {
          #expect(largestDifference(normalized(vector), normalized(alone[index])) <= 2e-6)
        }
      }
    }
  }

  @Test func vectorKernelsAreInvariant() {
    for kernels in availableKernels where kernels.name != "generic" {
      #expect(kernels.rowsAreIndependent, "\(kernels.name)")
    }
  }

  @Test(arguments: variants)
  func workersShareWeights(variant: String) async throws {
    let kernels = try #require(Kernels(named: variant))
    let encoder = try TransformerEncoder(
      ModelFolder.open(path: tinyFolder("xlm-roberta-f32")), precision: .f32, kernels: kernels)
    var numbers = Numbers(seed: 3)
    let texts = (1...40).map { numbers.ids($0, vocabulary: 101) }
    let expected = try vectors(texts, encoder, encoder.makeWorkspace(tokens: 1000))
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let workspace = encoder.makeWorkspace(tokens: 1000)
          return (0..<10).allSatisfy { _ in
            guard let found = try? vectors(texts, encoder, workspace) else { return false }
            return zip(found, expected).allSatisfy { sameBits($0, $1) }
          }
        }
      }
      for await same in group { #expect(same) }
    }
  }
}
