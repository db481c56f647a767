import Foundation
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

  @Test(arguments: [Precision.bf16, .int8])
  func aRerankersScoresAreComparedWithinAQuery(precision: Precision) throws {
    let folder = try ModelFolder.open(
      path: testsFolder.appendingPathComponent("Goldens/reranker/bert").path)
    var numbers = Numbers(seed: 7)
    var lists: [Block] = []
    for count in [3, 4] {
      var block = Block()
      for length in 0..<count {
        block.append(numbers.ids(9 + length, vocabulary: 50), secondStart: 4)
      }
      lists.append(block)
    }
    let encoder = try TransformerEncoder(folder, precision: precision)
    let agreement = try encoder.agreement(with: folder, onPairs: lists)
    #expect(agreement.texts == 7 && agreement.tokens == 9 + 10 + 11 + 9 + 10 + 11 + 12)
    func scores(_ precision: Precision, _ block: Block) throws -> [Double] {
      let encoder = try TransformerEncoder(folder, precision: precision)
      var output = [Float](repeating: .nan, count: block.textCount)
      try output.withUnsafeMutableBufferPointer { buffer throws(EncoderError) in
        try encoder.encode(
          block, using: encoder.makeWorkspace(tokens: 100), team: Team(size: 1), into: buffer)
      }
      return output.map(Double.init)
    }
    let correlations = try lists.map { block in
      let (a, b) = (try scores(.f32, block), try scores(precision, block))
      func spread(_ x: [Double], _ y: [Double]) -> Double {
        let (mx, my) = (x.reduce(0, +) / Double(x.count), y.reduce(0, +) / Double(y.count))
        return zip(x, y).reduce(0) { $0 + ($1.0 - mx) * ($1.1 - my) }
      }
      return spread(a, b) / (spread(a, a) * spread(b, b)).squareRoot()
    }
    #expect(abs(agreement.worstCosine - (correlations.min() ?? 0)) < 1e-4)
    #expect(abs(agreement.meanCosine - correlations.reduce(0, +) / 2) < 1e-4)
    #expect(agreement.worstCosine < 1)
    func probability(_ logit: Double) -> Double { 1 / (1 + exp(-logit)) }
    var change = 0.0
    for block in lists {
      for (a, b) in zip(try scores(.f32, block), try scores(precision, block)) {
        change = max(change, abs(probability(a) - probability(b)))
      }
    }
    #expect(abs((agreement.largestScoreChange ?? -1) - change) < 1e-6)
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
    func scores(_ change: Double) -> Bool {
      PrecisionAgreement(
        precision: .int8, tokens: 10, cosines: [1, 1], largestScoreChange: change
      ).passes
    }
    #expect(scores(0.04) && !scores(0.06) && !scores(.nan))
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
