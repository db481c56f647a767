import Encoder
import EmbeddingEngine
import Foundation
import ModelFiles
import TestSupport
import Testing
import Tokenization

@testable import duri

@Suite struct BenchEngineTests {
  @Test func workloadsAreThoseOfThePeers() throws {
    let file = try String(
      contentsOf: Repository.url("deploy/peers/mixed-lengths.txt"), encoding: .utf8)
    let lengths = file.split(whereSeparator: \.isWhitespace).map { Int($0) }
    #expect(lengths == EngineWorkload.mixed.lengths)
    #expect(EngineWorkload.mixed.lengths.reduce(0, +) == 8523)
    #expect(EngineWorkload.p128x32.lengths.reduce(0, +) == 4096)
  }

  @Test func listsOfWorkloads() {
    #expect(WorkloadList(argument: "q16,mixed")?.workloads == [.q16, .mixed])
    #expect(WorkloadList(argument: "q16,other") == nil)
    #expect(WorkloadList(argument: "") == nil)
  }

  @Test func presetsHaveTheirLengthsWithSpecialTokens() throws {
    let lengths = [3, 16, 128, 512, 3]
    let tokenizer = try PresetTokenizer(lengths: lengths, vocabularySize: 40, seed: 1)
    #expect(tokenizer.inputs.count == lengths.count)
    var seen: Set<Int32> = []
    for (input, length) in zip(tokenizer.inputs, lengths) {
      let prepared = try tokenizer.prepare(
        input.text, prefix: input.prefix, maximumTokens: 512, truncation: .error)
      #expect(prepared.ids.count == length)
      #expect(prepared.receipt.tokensUsed == length)
      seen.formUnion(prepared.ids.dropFirst().dropLast())
    }
    #expect(seen == Set(5..<40))
    let again = try PresetTokenizer(lengths: lengths, vocabularySize: 40, seed: 1)
    #expect(try again.pieces(of: "1") == tokenizer.pieces(of: "1"))
    #expect(throws: TokenizationError.self) { try tokenizer.pieces(of: "5") }
    #expect(throws: TokenizationError.self) { try tokenizer.pieces(of: "99999999999999999999") }
  }

  @Test func vocabularyWithoutOrdinaryTokensIsRefused() {
    #expect(throws: CommandError.self) {
      try PresetTokenizer(lengths: [16], vocabularySize: 5, seed: 1)
    }
  }

  @Test(arguments: [EngineWorkload.q16, .p512])
  func measuresARealEncoder(workload: EngineWorkload) async throws {
    let folder = try ModelFolder.open(
      path: Repository.url("Tests/Goldens/encoder/xlm-roberta-f32").path)
    let measurement = try EngineMeasurement(
      workload, contract: folder.contract, precision: .f32,
      encoder: try TransformerEncoder(folder, precision: .f32),
      configuration: EngineConfiguration(workers: 2, tokenizerThreads: 1))
    let statistics = try await measurement.run(seconds: 0)
    #expect(statistics.count == 3)
    #expect(statistics.median > 0)
  }

  @Test func workloadLongerThanTheModelTakesIsRefused() throws {
    let folder = try ModelFolder.open(
      path: Repository.url("Tests/Goldens/encoder/xlm-roberta-f32").path, maximumTokens: 100)
    let encoder = try TransformerEncoder(folder, precision: .f32)
    #expect(throws: CommandError.self) {
      try EngineMeasurement(
        .p512, contract: folder.contract, precision: .f32, encoder: encoder,
        configuration: EngineConfiguration(workers: 1))
    }
  }
}
