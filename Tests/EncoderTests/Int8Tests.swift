import Foundation
import ModelFiles
import Testing

@testable import Encoder

@Suite struct Int8Tests {
  private func texts(_ encoder: TransformerEncoder, vocabulary: Int) -> [[Int32]] {
    var numbers = Numbers(seed: 21)
    return (1...24).map { numbers.ids($0, vocabulary: vocabulary) }
  }

  /// Random weights of a few dozen channels are the hard case: there is little to average over.
  @Test(arguments: tinyCheckpoints)
  func vectorsAreCloseToF32(name: String) throws {
    let folder = try ModelFolder.open(path: tinyFolder(name))
    let reference = try TransformerEncoder(folder, precision: .f32)
    let encoder = try TransformerEncoder(folder, precision: .int8)
    let texts = texts(encoder, vocabulary: name == "bert-dense" ? 29 : 101)
    let expected = try vectors(texts, reference, reference.makeWorkspace(tokens: 600))
    let found = try vectors(texts, encoder, encoder.makeWorkspace(tokens: 600))
    let cosines = zip(found, expected).map { cosine($0, $1) }
    let worst = cosines.min() ?? 0
    print("\(name) int8: mean cosine \(cosines.reduce(0, +) / Double(cosines.count)), worst \(worst)")
    #expect(worst >= 0.999)
    #expect(found != expected)
  }

  /// Sums are exact: on one machine the variant of the products changes no bit.
  @Test(arguments: ["bert-f32", "xlm-roberta-f16-relu", "bert-bf16-gelu-new"])
  func everyVariantGivesTheSameBits(name: String) throws {
    let folder = try ModelFolder.open(path: tinyFolder(name))
    var expected: [[Float]]?
    for kernels in availableInt8Kernels {
      let encoder = try TransformerEncoder(
        folder, precision: .int8, kernels: .best, int8Kernels: kernels)
      let texts = texts(encoder, vocabulary: 101)
      let found = try vectors(texts, encoder, encoder.makeWorkspace(tokens: 600))
      if let expected {
        #expect(zip(found, expected).allSatisfy { sameBits($0, $1) }, "\(kernels.name)")
      }
      expected = found
    }
  }

  @Test func precisionsHaveTheirOwnWorkspaces() throws {
    let folder = try ModelFolder.open(path: tinyFolder("bert-f32"))
    let reference = try TransformerEncoder(folder, precision: .f32)
    let encoder = try TransformerEncoder(folder, precision: .int8)
    #expect(throws: EncoderError.self) {
      _ = try vectors([[3]], encoder, reference.makeWorkspace(tokens: 48))
    }
    #expect(encoder.isBlockInvariant)
  }
}
