import Foundation
import Testing

@testable import ModelFiles

/// The model that ships, and configurations of published models where they are at hand.
@Suite struct PublishedModelTests {
  @Test func bootstrapModel() throws {
    let opened = try ModelFolder.open(path: Checkout.bootstrap)
    let contract = opened.contract
    #expect(contract.name == "duri-ko-en-bootstrap" && contract.dimension == 384)
    #expect(
      contract.body
        == BodyConfiguration(
          architecture: .bert, hiddenSize: 384, layerCount: 6, headCount: 12,
          intermediateSize: 1536, vocabularySize: 24001, positionRows: 512, tokenTypeRows: 2,
          layerNormEpsilon: 1e-12, activation: .gelu, firstPosition: 0))
    #expect(contract.pooling == .mean && contract.normalizes && contract.maximumTokens == 512)
    #expect(contract.prompts == .e5 && contract.denseModules.isEmpty)
    #expect(contract.provenance.contains("prompts: config_sentence_transformers.json"))
    #expect(
      opened.tokenizer
        == .sentencePiece(
          path: Checkout.bootstrap + "/sentencepiece.bpe.model",
          unigramJSON: Checkout.bootstrap + "/tokenizer.json"))
    #expect(opened.tensors.layers.count == 6)
    let word = opened.tensors.wordEmbeddings
    #expect(word.type == .f16 && word.shape == [24001, 384])
    #expect(word.floats().allSatisfy { $0.isFinite })
    // A row in the middle read alone is the row read with all.
    var row = [Float](repeating: 0, count: 384)
    row.withUnsafeMutableBufferPointer { word.read(from: 12000 * 384, into: $0) }
    #expect(row == Array(word.floats()[(12000 * 384)..<(12001 * 384)]))
    #expect(row.contains { $0 != 0 })
  }

  /// Copies a published folder's files, adds what weight-less collections lack, reads the contract.
  private func contract(
    _ name: String, modules: String? = nil, pooling: String? = nil, as folderName: String? = nil
  ) throws -> ModelContract {
    let folder = try TemporaryFolder(name: folderName ?? name)
    let source = URL(fileURLWithPath: Checkout.configs).appendingPathComponent(name)
    let files = try #require(FileManager.default.enumerator(atPath: source.path))
    for case let file as String in files where file.hasSuffix(".json") {
      try folder.write(file, try Data(contentsOf: source.appendingPathComponent(file)))
    }
    if let modules { try folder.write("modules.json", modules) }
    if let pooling { try folder.write("1_Pooling/config.json", pooling) }
    return try ContractReader(folder: folder.path, maximumTokens: nil, pooling: nil).read().contract
  }

  private static let all = Modules.list(
    Modules.transformer, Modules.pooling, Modules.normalize)

  @Test(.enabled(if: Checkout.hasConfigs)) func bgeM3() throws {
    let old = try contract(
      "bge-m3", modules: Self.all, pooling: Modules.oldPooling("cls_token", dimension: 1024))
    let new = try contract("bge-m3-st5-resaved", modules: Self.all)
    for contract in [old, new] {
      #expect(contract.pooling == .cls && contract.normalizes && contract.prompts == .none)
      #expect(contract.maximumTokens == 8192 && contract.dimension == 1024)
      #expect(contract.body.firstPosition == 2 && contract.body.headCount == 16)
    }
  }

  @Test(.enabled(if: Checkout.hasConfigs)) func e5Base() throws {
    // Saved anew with empty prompts: the name decides.
    let contract = try contract("multilingual-e5-base-st5-resaved")
    #expect(contract.prompts == .e5 && contract.pooling == .mean && contract.normalizes)
    #expect(contract.maximumTokens == 512 && contract.dimension == 768)
    let instruct = try self.contract(
      "multilingual-e5-base-st5-resaved", as: "multilingual-e5-large-instruct")
    #expect(instruct.prompts == .e5Instruct)
    let other = try self.contract("multilingual-e5-base-st5-resaved", as: "other")
    #expect(other.prompts == .none)
  }

  @Test(.enabled(if: Checkout.hasConfigs)) func paraphraseMiniLM() throws {
    let new = try contract("paraphrase-multilingual-MiniLM-L12-v2-st5-resaved")
    #expect(new.pooling == .mean && !new.normalizes && new.prompts == .none)
    #expect(new.maximumTokens == 128 && new.dimension == 384)
    #expect(new.body.architecture == .bert && new.body.firstPosition == 0)
    #expect(new.body.vocabularySize == 250037)
    let old = try contract("paraphrase-multilingual-MiniLM-L12-v2")
    #expect(old.body == new.body && old.maximumTokens == 512)
  }

  @Test(.enabled(if: Checkout.hasConfigs)) func laBSE() throws {
    let contract = try contract(
      "LaBSE", modules: Self.all, pooling: Modules.oldPooling("cls_token", dimension: 768))
    #expect(contract.pooling == .cls && contract.body.vocabularySize == 501153)
  }

  @Test(.enabled(if: Checkout.hasConfigs)) func rerankers() throws {
    let bge = try contract("bge-reranker-v2-m3-resaved")
    #expect(bge.head == ScoringHead(kind: .classifier, activation: .sigmoid))
    #expect(bge.body.hiddenSize == 1024 && bge.body.usableLength == 8192 && bge.dimension == 1)
    let miniLM = try contract("ms-marco-MiniLM-L-6-v2-resaved")
    #expect(miniLM.head == ScoringHead(kind: .pooler, activation: .identity))
    #expect(miniLM.body.tokenTypeRows == 2 && miniLM.maximumTokens == 512)
  }

  @Test(.enabled(if: Checkout.hasConfigs)) func wordPieceIsFound() throws {
    let folder = Checkout.configs + "/Xenova-all-MiniLM-L6-v2"
    #expect(
      try TokenizerFile.find(in: folder)
        == .wordPieceJSON(
          path: folder + "/tokenizer.json", configuration: folder + "/tokenizer_config.json"))
  }
}
