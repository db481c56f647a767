import Foundation
import Testing

@testable import ModelFiles

/// Whole folders: what each kind of published model's files add up to.
@Suite struct ModelFolderTests {
  private func contract(
    _ folder: TemporaryFolder, maximumTokens: Int? = nil, pooling: Pooling? = nil
  ) throws -> ModelContract {
    try ModelFolder.open(path: folder.path, maximumTokens: maximumTokens, pooling: pooling).contract
  }

  private func has(_ contract: ModelContract, _ text: String) -> Bool {
    contract.provenance.contains { $0.contains(text) }
  }

  @Test func plainFolderIsMeanAndL2AndSaysSo() throws {
    let folder = try Checkpoint.folder(name: "some-model")
    let opened = try ModelFolder.open(path: folder.path + "/")
    let contract = opened.contract
    #expect(opened.path == folder.path && contract.name == "some-model")
    #expect(contract.pooling == .mean && contract.normalizes && contract.dimension == 8)
    #expect(contract.prompts == .none && contract.maximumTokens == 16)
    #expect(has(contract, "pooling: mean, assumed") && has(contract, "pass --pooling"))
    #expect(
      opened.tokenizer
        == .sentencePiece(path: folder.file("sentencepiece.bpe.model"), unigramJSON: nil))
    #expect(opened.weights.contains("embeddings.LayerNorm.weight"))
  }

  @Test func plainE5FolderIsKnownByName() throws {
    let contract = try contract(Checkpoint.folder(name: "multilingual-e5-small"))
    #expect(contract.prompts == .e5 && contract.pooling == .mean && contract.normalizes)
    #expect(has(contract, "prompts: E5 family, by name"))
    #expect(has(contract, "pooling: mean, E5 family, by name"))
    #expect(!has(contract, "assumed"))
  }

  @Test func e5IsKnownByTheConfigurationsNameToo() throws {
    let folder = try Checkpoint.folder(
      changes: ["_name_or_path": #""intfloat/multilingual-e5-large-instruct""#])
    #expect(try contract(folder).prompts == .e5Instruct)
  }

  @Test func hubCacheFolderTakesTheRepositorysName() throws {
    let folder = try Checkpoint.folder(
      name: "models--intfloat--multilingual-e5-base/snapshots/0123456789abcdef",
      type: "xlm-roberta")
    let contract = try contract(folder)
    #expect(contract.name == "multilingual-e5-base" && contract.prompts == .e5)
    #expect(contract.body.firstPosition == 2 && contract.maximumTokens == 14)
  }

  @Test func sentenceTransformersFolderFollowsItsFiles() throws {
    let folder = try Checkpoint.folder(type: "xlm-roberta")
    try folder.write(
      "modules.json", Modules.list(Modules.transformer, Modules.pooling, Modules.normalize))
    try folder.write("1_Pooling/config.json", Modules.newPooling("cls", dimension: 8))
    try folder.write("sentence_bert_config.json", #"{"max_seq_length": 10}"#)
    let contract = try contract(folder)
    #expect(contract.pooling == .cls && contract.normalizes && contract.maximumTokens == 10)
    #expect(has(contract, "pooling: cls, 1_Pooling/config.json"))
    #expect(has(contract, "normalisation: L2, modules.json"))
    #expect(has(contract, "architecture: xlm-roberta, config.json"))
  }

  @Test func withoutNormalizeNothingIsNormalised() throws {
    let folder = try Checkpoint.folder()
    try folder.write("modules.json", Modules.list(Modules.transformer, Modules.pooling))
    try folder.write("1_Pooling/config.json", Modules.oldPooling("mean_tokens", dimension: 8))
    let contract = try contract(folder)
    #expect(contract.pooling == .mean && !contract.normalizes)
    #expect(has(contract, "normalisation: none, modules.json"))
  }

  @Test func overridesAreRecorded() throws {
    let folder = try Checkpoint.folder()
    try folder.write("modules.json", Modules.list(Modules.transformer, Modules.pooling))
    // Not read, since it is overridden.
    try folder.write("1_Pooling/config.json", Modules.newPooling("weightedmean", dimension: 8))
    let contract = try contract(folder, maximumTokens: 5, pooling: .max)
    #expect(contract.pooling == .max && contract.maximumTokens == 5)
    #expect(has(contract, "pooling: max, as asked, instead of 1_Pooling/config.json"))
    #expect(has(contract, "maximum tokens: 5, as asked"))
    #expect(modelFilesError { _ = try self.contract(folder) }?.code == .unsupported)
    let plain = try self.contract(Checkpoint.folder(), pooling: .cls)
    #expect(plain.pooling == .cls && plain.provenance.contains("pooling: cls, as asked"))
  }

  // MARK: - Dense

  /// LaBSE's form: the transformer in a subfolder, first token, dense with tanh, L2.
  private func denseFolder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder(name: "LaBSE")
    try folder.write("0_Transformer/config.json", Checkpoint.config())
    try folder.write("0_Transformer/model.safetensors", Checkpoint.file(Checkpoint.body()))
    try folder.write("0_Transformer/spiece.model", "stands for a SentencePiece model")
    try folder.write(
      "modules.json",
      Modules.list(
        (Modules.transformer.type, "0_Transformer"), Modules.pooling, Modules.dense,
        (Modules.normalize.type, "3_Normalize")))
    try folder.write("1_Pooling/config.json", Modules.oldPooling("cls_token", dimension: 8))
    try folder.write(
      "2_Dense/config.json",
      #"{"in_features": 8, "out_features": 4, "bias": true, "#
        + #""activation_function": "torch.nn.modules.activation.Tanh"}"#)
    try folder.write(
      "2_Dense/model.safetensors",
      Checkpoint.file([
        "linear.weight": .f32([4, 8], (0..<32).map(Float.init)),
        "linear.bias": .f32([4], [1, 2, 3, 4]),
      ]))
    return folder
  }

  @Test func denseModuleChangesTheDimension() throws {
    let folder = try denseFolder()
    let opened = try ModelFolder.open(path: folder.path)
    let contract = opened.contract
    #expect(contract.dimension == 4 && contract.body.hiddenSize == 8)
    #expect(contract.pooling == .cls && contract.normalizes)
    let module = try #require(contract.denseModules.first)
    #expect(
      module
        == DenseModule(
          path: "2_Dense", inputSize: 8, outputSize: 4, hasBias: true, function: .tanh))
    let (weight, bias) = try opened.denseWeights(module)
    #expect(weight.shape == [4, 8] && weight.floats() == (0..<32).map(Float.init))
    #expect(bias?.floats() == [1, 2, 3, 4])
    var other = module
    other.path = "3_Dense"
    #expect(modelFilesError { _ = try opened.denseWeights(other) }?.code == .notFound)
    #expect(
      opened.tokenizer
        == .sentencePiece(path: folder.file("0_Transformer/spiece.model"), unigramJSON: nil))
  }

  @Test func denseWeightsAreCheckedOnOpen() throws {
    let folder = try denseFolder()
    try folder.write(
      "2_Dense/model.safetensors",
      Checkpoint.file([
        "linear.weight": .f32([8, 4], [Float](repeating: 0, count: 32)),
        "linear.bias": .f32([4], [1, 2, 3, 4]),
      ]))
    let shape = modelFilesError { _ = try contract(folder) }
    #expect(shape?.code == .malformed && shape?.key == "linear.weight")
    try folder.write(
      "2_Dense/model.safetensors",
      Checkpoint.file(["linear.weight": .f32([4, 8], [Float](repeating: 0, count: 32))]))
    #expect(modelFilesError { _ = try contract(folder) }?.key == "linear.bias")
    try folder.remove("2_Dense/model.safetensors")
    try folder.write("2_Dense/pytorch_model.bin", "x")
    let other = modelFilesError { _ = try contract(folder) }
    #expect(other?.code == .notFound && other?.message.contains("pytorch_model.bin") == true)
  }

  @Test func denseWithoutBias() throws {
    let folder = try denseFolder()
    try folder.write(
      "2_Dense/config.json",
      #"{"in_features": 8, "out_features": 4, "bias": false, "#
        + #""activation_function": "torch.nn.modules.linear.Identity"}"#)
    let opened = try ModelFolder.open(path: folder.path)
    let module = try #require(opened.contract.denseModules.first)
    #expect(module.function == .identity)
    #expect(try opened.denseWeights(module).bias == nil)
  }

  // MARK: - Folders that cannot be opened

  @Test func absentFolderOrFile() throws {
    let folder = try TemporaryFolder()
    let nowhere = modelFilesError { _ = try ModelFolder.open(path: folder.file("x")) }
    #expect(nowhere?.code == .notFound && nowhere?.file == folder.file("x"))
    #expect(modelFilesError { _ = try ModelFolder.open(path: "") }?.code == .notFound)
    let empty = modelFilesError { _ = try contract(folder) }
    #expect(empty?.code == .notFound && empty?.file == folder.file("config.json"))
    for name in ["config.json", "model.safetensors", "sentencepiece.bpe.model"] {
      let folder = try Checkpoint.folder()
      try folder.remove(name)
      #expect(modelFilesError { _ = try contract(folder) }?.code == .notFound)
    }
  }

  @Test func namedPoolingFileMustExist() throws {
    let folder = try Checkpoint.folder()
    try folder.write("modules.json", Modules.list(Modules.transformer, Modules.pooling))
    let error = modelFilesError { _ = try contract(folder) }
    #expect(error?.code == .notFound && error?.file == folder.file("1_Pooling/config.json"))
    #expect(try contract(folder, pooling: .mean).pooling == .mean)
  }

  /// Absent is not invalid, and invalid is not absent: each optional file, broken, is an error.
  @Test(arguments: [
    "modules.json", "config_sentence_transformers.json", "sentence_bert_config.json",
    "tokenizer_config.json",
  ])
  func brokenOptionalFilesAreErrors(name: String) throws {
    let folder = try Checkpoint.folder()
    for text in ["", "{", "7", "\"x\""] {
      try folder.write(name, text)
      let error = modelFilesError { _ = try contract(folder) }
      #expect(error?.code == .malformed && error?.file == folder.file(name), "\(text)")
    }
    try folder.remove(name)
    try FileManager.default.createSymbolicLink(
      atPath: folder.file(name), withDestinationPath: folder.file("gone"))
    #expect(modelFilesError { _ = try contract(folder) }?.code == .unreadable)
  }

  @Test func partlyFetchedFolderIsNotGuessedAt() throws {
    let folder = try Checkpoint.folder()
    try folder.write("1_Pooling/config.json", Modules.newPooling("cls", dimension: 8))
    let error = try #require(modelFilesError { _ = try contract(folder) })
    #expect(error.code == .notFound && error.file == folder.file("modules.json"))
    #expect(error.message.contains("1_Pooling/config.json"))
  }

  @Test func maskedLanguageModelIsABody() throws {
    let folder = try Checkpoint.folder(changes: ["architectures": #"["BertForMaskedLM"]"#])
    #expect(try contract(folder).pooling == .mean)
  }
}
