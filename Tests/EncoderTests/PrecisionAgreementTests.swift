import ModelFiles
import Testing

@testable import Encoder

@Suite struct PrecisionAgreementTests {
  private func texts() -> [[Int32]] {
    var numbers = Numbers(seed: 31)
    return [3, 9, 17, 24].map { numbers.ids($0, vocabulary: 101) }
  }

  @Test(
    arguments: ["bert-f32", "bert-bf16-gelu-new", "xlm-roberta-f16-relu"], [Precision.bf16, .int8])
  func precisionsAreMeasuredAgainstF32(name: String, precision: Precision) throws {
    let folder = try ModelFolder.open(path: tinyFolder(name))
    let encoder = try TransformerEncoder(folder, precision: precision)
    let agreement = try encoder.agreement(with: folder, on: texts())
    let reference = try TransformerEncoder(folder, precision: .f32)
    let cosines = zip(
      try vectors(texts(), encoder, encoder.makeWorkspace(tokens: 100)),
      try vectors(texts(), reference, reference.makeWorkspace(tokens: 100))
    ).map { cosine($0, $1) }
    #expect(agreement.precision == precision)
    #expect(agreement.texts == 4 && agreement.tokens == 53)
    #expect(abs(agreement.worstCosine - (cosines.min() ?? 0)) < 1e-6)
    #expect(abs(agreement.meanCosine - cosines.reduce(0, +) / 4) < 1e-6)
    #expect(agreement.worstCosine < 1)
    #expect(agreement.passes)
  }

  @Test func f32AgreesWithItself() throws {
    let folder = try ModelFolder.open(path: tinyFolder("xlm-roberta-f32"))
    let encoder = try TransformerEncoder(folder, precision: .f32)
    let agreement = try encoder.agreement(with: folder, on: texts())
    #expect(agreement.worstCosine > 1 - 1e-9)
  }

  @Test func gatesAreBothKept() {
    func passes(_ cosines: [Double], _ precision: Precision = .int8) -> Bool {
      PrecisionAgreement(precision: precision, tokens: 10, cosines: cosines).passes
    }
    #expect(passes([1, 0.9996, 0.9991], .bf16))
    #expect(!passes([1, 1, 1, 1, 1, 1, 0.9989], .bf16))
    #expect(!passes([0.9994, 0.9995], .bf16))
    #expect(passes([1, 1], .f32) && !passes([1, 0.99999], .f32))
    #expect(passes([1, 0.996, 0.99]))
    #expect(!passes([1, 1, 1, 1, 1, 1, 0.979]))
    #expect(!passes([0.994, 0.995]))
    #expect(!passes([1, .nan]))
    #expect(!passes([]))
  }

  @Test func anInvalidSampleIsAnError() throws {
    let folder = try ModelFolder.open(path: tinyFolder("bert-f32"))
    let encoder = try TransformerEncoder(folder, precision: .int8)
    #expect(throws: EncoderError.self) { try encoder.agreement(with: folder, on: [[3], []]) }
  }

  @Test func samplesAreBounded() throws {
    let small = try TransformerEncoder(
      ModelFolder.open(path: tinyFolder("bert-f32")), precision: .f32)
    #expect(small.sampleTokens == 512)
  }
}
