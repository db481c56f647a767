import Encoder
import Foundation
import ModelFiles
import Testing
import Tokenization

@testable import EmbeddingEngine

private let modelPath = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()
  .appending(path: "Models/duri-ko-en-bootstrap").path

/// The engine over real parts gives what those parts give by themselves.
@Suite(
  .enabled(if: FileManager.default.fileExists(atPath: modelPath + "/config.json")),
  .timeLimit(.minutes(2)))
struct BuiltInModelTests {
  private let texts =
    ["두리는 둘이 함께라는 뜻이다.", "two together", "서울의 봄", "a"]
    + (1...40).map { String(repeating: "한국어와 English, ", count: $0) }

  /// Tokenized, computed alone and normalised without the engine.
  private func reference(
    _ texts: [String], _ folder: ModelFolder, _ precision: Precision, prefix: String
  ) throws -> [[Float]] {
    let tokenizer = try TokenizerLoader.load(folder.tokenizer)
    let encoder = try TransformerEncoder(folder, precision: precision)
    let workspace = encoder.makeWorkspace(tokens: 512)
    return try texts.map { text in
      let prepared = try tokenizer.prepare(
        text, prefix: prefix, maximumTokens: folder.contract.maximumTokens, truncation: .end)
      var block = Block()
      block.append(prepared.ids)
      var vector = [Float](repeating: 0, count: encoder.dimension)
      try vector.withUnsafeMutableBufferPointer {
        try encoder.encode(block, using: workspace, into: $0)
        VectorMath.normalize($0)
      }
      return vector
    }
  }

  @Test(arguments: Precision.allCases)
  func vectorsDoNotDependOnTheCompany(precision: Precision) async throws {
    let folder = try ModelFolder.open(path: modelPath)
    let expected = try reference(texts, folder, precision, prefix: "query: ")
    let engine = try ModelEngine.load(folder, precision: precision)
    let inputs = texts.map { EmbedInput(text: $0, prefix: "query: ") }

    let together = Deliveries()
    let timings = try await engine.embed(
      inputs, deadline: nil, admission: .immediate, deliver: together.deliver)
    #expect(timings.inference > .zero)
    #expect(timings.tokenization > .zero)
    for index in texts.indices { #expect(together.vector(index) == expected[index]) }

    for (index, input) in inputs.enumerated().reversed() {
      let alone = Deliveries()
      _ = try await engine.embed(
        [input], deadline: nil, admission: .waiting, deliver: alone.deliver)
      #expect(alone.vector(0) == expected[index])
    }
    let load = engine.load
    #expect(load.computedTexts == UInt64(2 * texts.count))
    #expect(load.admittedTokens == 0)
    await engine.shutdown()
  }

  /// Left to the program, the precision is the one that its measurement allows.
  @Test func thePrecisionIsChosenByMeasurement() async throws {
    let engine = try ModelEngine.load(ModelFolder.open(path: modelPath), precision: nil)
    if let agreement = engine.agreement {
      print("built-in model, \(agreement.precision): mean \(agreement.meanCosine), worst \(agreement.worstCosine)")
      #expect(TransformerEncoder.fasterPrecisions.contains(agreement.precision))
      #expect(agreement.texts >= 8)
      #expect(engine.precision == (agreement.passes ? agreement.precision : .f32))
    } else {
      #expect(TransformerEncoder.fasterPrecisions.isEmpty)
      #expect(engine.precision == .f32)
    }
    await engine.shutdown()
    for precision in Precision.allCases {
      let given = try ModelEngine.load(ModelFolder.open(path: modelPath), precision: precision)
      #expect(given.precision == precision && given.agreement == nil)
      await given.shutdown()
    }
  }
}
