import Foundation
import ModelFiles
import Testing

@testable import Encoder

private let builtInModel = testsFolder.deletingLastPathComponent()
  .appendingPathComponent("Models/duri-ko-en-bootstrap").path

@Suite struct BF16Tests {
  private func texts(vocabulary: Int) -> [[Int32]] {
    var numbers = Numbers(seed: 23)
    return (1...24).map { numbers.ids($0, vocabulary: vocabulary) }
  }

  @Test(arguments: tinyCheckpoints)
  func vectorsAreCloseToF32(name: String) throws {
    let folder = try ModelFolder.open(path: tinyFolder(name))
    let reference = try TransformerEncoder(folder, precision: .f32)
    let encoder = try TransformerEncoder(folder, precision: .bf16)
    let texts = texts(vocabulary: name == "bert-dense" ? 29 : 101)
    let expected = try vectors(texts, reference, reference.makeWorkspace(tokens: 600))
    let found = try vectors(texts, encoder, encoder.makeWorkspace(tokens: 600))
    let cosines = zip(found, expected).map { cosine($0, $1) }
    let worst = cosines.min() ?? 0
    let mean = cosines.reduce(0, +) / Double(cosines.count)
    print("\(name) bf16: mean cosine \(mean), worst \(worst)")
    #expect(worst >= 0.9999)
    #expect(found != expected)
  }

  /// Trained weights, random tokens.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: builtInModel + "/config.json")))
  func theBuiltInModelPassesTheGate() throws {
    let folder = try ModelFolder.open(path: builtInModel)
    let encoder = try TransformerEncoder(folder, precision: .bf16)
    var numbers = Numbers(seed: 25)
    let vocabulary = folder.contract.body.vocabularySize
    let texts = [2, 7, 16, 33, 128].map { numbers.ids($0, vocabulary: vocabulary) }
    let agreement = try encoder.agreement(with: folder, on: texts)
    print("built-in bf16: mean cosine \(agreement.meanCosine), worst \(agreement.worstCosine)")
    #expect(agreement.passes && agreement.worstCosine < 1)
  }

  /// The variants differ by the rounding of sums; what that moves over a step of bfloat16 stays far
  /// under the precision's own error.
  @Test(arguments: ["bert-f32", "xlm-roberta-f16-relu", "bert-bf16-gelu-new"])
  func variantsAgree(name: String) throws {
    let folder = try ModelFolder.open(path: tinyFolder(name))
    let texts = texts(vocabulary: 101)
    var expected: [[Float]]?
    for kernels in availableBF16Kernels {
      let encoder = try TransformerEncoder(
        folder, precision: .bf16, kernels: .best, bf16Kernels: kernels)
      #expect(encoder.kernelsName == Kernels.best.name + "+" + kernels.name)
      let found = try vectors(texts, encoder, encoder.makeWorkspace(tokens: 600))
      let reference = expected ?? found
      for (a, b) in zip(found, reference) { #expect(cosine(a, b) > 0.99999, "\(kernels.name)") }
      if ["avx2", "avx512"].contains(kernels.name) {
        #expect(zip(found, reference).allSatisfy { sameBits($0, $1) }, "\(kernels.name)")
      }
      expected = reference
    }
  }

  /// With every variant of the products: alone, in a block with others, and in parts of a team.
  @Test(arguments: availableBF16Kernels.map(\.name))
  func sameBitsInEveryBlock(variant: String) throws {
    let kernels = try #require(BF16Kernels(named: variant))
    for name in ["bert-f32", "bert-dense"] {
      let encoder = try TransformerEncoder(
        ModelFolder.open(path: tinyFolder(name)), precision: .bf16, kernels: .best,
        bf16Kernels: kernels)
      #expect(encoder.isBlockInvariant)
      let texts = texts(vocabulary: name == "bert-dense" ? 29 : 101)
      let workspace = encoder.makeWorkspace(tokens: 600)
      let alone = try texts.map { try vectors([$0], encoder, workspace)[0] }
      var numbers = Numbers(seed: 24)
      for size in [1, 2, 3, 4] {
        for count in [2, 5, 24] {
          let order = Array(texts.indices.shuffled(using: &numbers).prefix(count))
          // Without helpers the leader computes every part of a team's work.
          let found = try vectors(
            order.map { texts[$0] }, encoder, workspace, team: Team(size: size))
          for (index, vector) in zip(order, found) {
            #expect(sameBits(vector, alone[index]), "\(name), team of \(size)")
          }
        }
      }
    }
  }

  @Test func precisionsHaveTheirOwnWorkspaces() throws {
    let folder = try ModelFolder.open(path: tinyFolder("bert-f32"))
    let encoder = try TransformerEncoder(folder, precision: .bf16)
    for other in [Precision.f32, .int8] {
      let reference = try TransformerEncoder(folder, precision: other)
      #expect(throws: EncoderError.self) {
        _ = try vectors([[3]], encoder, reference.makeWorkspace(tokens: 48))
      }
      #expect(throws: EncoderError.self) {
        _ = try vectors([[3]], reference, encoder.makeWorkspace(tokens: 48))
      }
    }
  }

  @Test func fasterPrecisionsAreThoseOfTheKernels() {
    let faster = TransformerEncoder.fasterPrecisions
    #expect(!faster.contains(.f32))
    #expect(faster.contains(.int8) == (Int8Kernels.best.name != "generic"))
    #expect(faster.contains(.bf16) == ["amx", "avx512bf16"].contains(BF16Kernels.best.name))
    #expect(faster.first != .bf16 || !faster.contains(.int8))
  }
}
