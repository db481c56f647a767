import Foundation
import Testing

@testable import ModelFiles

/// `modules.json`, pooling and dense configurations in their old and new forms.
@Suite struct ModuleTests {
  private func modules(_ text: String) throws -> ModuleList? {
    let folder = try TemporaryFolder()
    try folder.write("modules.json", text)
    return try ModuleList.read(folder: folder.path)
  }

  // MARK: - modules.json

  @Test func oldClassPaths() throws {
    let list = try #require(
      try modules(
        Modules.list(
          (Modules.transformer.type, "0_Transformer"), Modules.pooling, Modules.dense,
          Modules.normalize)))
    #expect(list.transformer == "0_Transformer" && list.pooling == "1_Pooling")
    #expect(list.dense == ["2_Dense"] && list.normalizes)
  }

  @Test func newClassPaths() throws {
    let list = try #require(
      try modules(
        Modules.list(
          ("sentence_transformers.base.modules.transformer.Transformer", ""),
          ("sentence_transformers.sentence_transformer.modules.pooling.Pooling", "1_Pooling"))))
    #expect(list.transformer == "" && list.pooling == "1_Pooling")
    #expect(list.dense.isEmpty && !list.normalizes)
  }

  @Test func absentListIsNotAnError() throws {
    #expect(try ModuleList.read(folder: TemporaryFolder().path) == nil)
  }

  @Test(arguments: [
    "sentence_transformers.models.LSTM", "sentence_transformers.models.WordWeights",
    "custom_st.Transformer", "Pooling", "", "sentence_transformers", "sentence_transformers.",
    "sentence_transformers.models.pooling",
  ])
  func unknownModuleIsNamed(type: String) throws {
    let text = Modules.list(Modules.transformer, (type, "1_X"), Modules.pooling)
    let error = try #require(modelFilesError { _ = try modules(text) })
    #expect(error.code == .unsupported && error.key == "[1]/type")
    #expect(error.message.contains("'\(type)'"))
  }

  @Test(arguments: [
    Modules.list(Modules.pooling, Modules.transformer),
    Modules.list(Modules.transformer, Modules.transformer, Modules.pooling),
    Modules.list(Modules.transformer, Modules.pooling, Modules.pooling),
    Modules.list(Modules.transformer, Modules.dense, Modules.pooling),
    Modules.list(Modules.transformer, Modules.normalize, Modules.pooling),
    Modules.list(Modules.transformer, Modules.pooling, Modules.normalize, Modules.dense),
    Modules.list(Modules.transformer, Modules.pooling, Modules.normalize, Modules.normalize),
  ])
  func otherOrdersAreRefused(text: String) throws {
    let error = try #require(modelFilesError { _ = try modules(text) })
    #expect(error.code == .unsupported && error.message.contains("supported order"))
  }

  @Test func emptyListIsMalformed() throws {
    #expect(modelFilesError { _ = try modules("[]") }?.code == .malformed)
  }

  /// A reranker's list has a transformer alone; an embedder's must name its pooling.
  @Test func listWithoutPoolingIsNoEmbedders() throws {
    let folder = try Checkpoint.folder()
    try folder.write("modules.json", Modules.list(Modules.transformer))
    let error = try #require(
      modelFilesError { _ = try ModelFolder.open(path: folder.path) })
    #expect(error.code == .malformed && error.file == folder.file("modules.json"))
    #expect(error.message.contains("names no Pooling module"))
  }

  @Test(arguments: ["..", "../other", "/etc", "a/../../b", "a\\\\b", "a\\u0000"])
  func pathsStayInTheFolder(path: String) throws {
    let text = Modules.list(Modules.transformer, (Modules.pooling.type, path))
    let error = try #require(modelFilesError { _ = try modules(text) })
    #expect(error.code == .malformed && error.key == "[1]/path")
  }

  @Test(arguments: ["{}", "7", "[1]", #"[{"path":""}]"#, #"[{"type":"x"}]"#, #"[{"type":1}]"#, ""])
  func brokenListIsMalformed(text: String) throws {
    let error = try #require(modelFilesError { _ = try modules(text) })
    #expect(error.code == .malformed && error.file.hasSuffix("/modules.json"))
  }

  // MARK: - Pooling

  private func pooling(_ text: String, hidden: Int = 8) throws -> Pooling {
    let folder = try TemporaryFolder()
    try folder.write("config.json", text)
    return try PoolingFile.pooling(path: folder.file("config.json"), hiddenSize: hidden)
  }

  @Test(arguments: [
    ("cls_token", Pooling.cls), ("mean_tokens", .mean), ("max_tokens", .max),
    ("mean_sqrt_len_tokens", .meanSqrtLength),
  ])
  func oldForm(mode: String, expected: Pooling) throws {
    #expect(try pooling(Modules.oldPooling(mode, dimension: 8)) == expected)
  }

  @Test func oldFormLastToken() throws {
    let text = #"{"word_embedding_dimension": 8, "pooling_mode_lasttoken": true}"#
    #expect(try pooling(text) == .lastToken)
  }

  @Test(arguments: [
    ("cls", Pooling.cls), ("mean", .mean), ("max", .max), ("mean_sqrt_len_tokens", .meanSqrtLength),
    ("lasttoken", .lastToken),
  ])
  func newForm(mode: String, expected: Pooling) throws {
    #expect(try pooling(Modules.newPooling(mode, dimension: 8)) == expected)
  }

  @Test func listOfOneModeIsThatMode() throws {
    #expect(try pooling(#"{"embedding_dimension": 8, "pooling_mode": ["cls"]}"#) == .cls)
  }

  @Test(arguments: [
    (#"{"pooling_mode": ["mean", "cls"]}"#, ModelFilesError.Code.unsupported, "pooling_mode"),
    (
      #"{"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true}"#, .unsupported,
      "pooling_mode_cls_token"
    ),
    (#"{"pooling_mode": "weightedmean"}"#, .unsupported, "pooling_mode"),
    (
      #"{"pooling_mode_weightedmean_tokens": true}"#, .unsupported,
      "pooling_mode_weightedmean_tokens"
    ),
    (#"{"pooling_mode": "Mean"}"#, .unsupported, "pooling_mode"),
    (#"{"pooling_mode": []}"#, .malformed, "pooling_mode"),
    (#"{"pooling_mode": 3}"#, .malformed, "pooling_mode"),
    (#"{"pooling_mode": [3]}"#, .malformed, "pooling_mode"),
    (#"{"word_embedding_dimension": 8}"#, .malformed, "pooling_mode"),
    (#"{"pooling_mode_mean_tokens": "true"}"#, .malformed, "pooling_mode_mean_tokens"),
    (#"{"pooling_mode_mean_tokens": 1}"#, .malformed, "pooling_mode_mean_tokens"),
    (
      #"{"word_embedding_dimension": 9, "pooling_mode_mean_tokens": true}"#, .malformed,
      "word_embedding_dimension"
    ),
    (#"{"embedding_dimension": 7, "pooling_mode": "mean"}"#, .malformed, "embedding_dimension"),
    (#"{"embedding_dimension": 8.5, "pooling_mode": "mean"}"#, .malformed, "embedding_dimension"),
    (#"{"pooling_mode": "mean", "include_prompt": false}"#, .unsupported, "include_prompt"),
  ])
  func wrongPoolingNamesItsKey(
    text: String, code: ModelFilesError.Code, key: String
  ) throws {
    let error = try #require(modelFilesError { _ = try pooling(text) })
    #expect(error.code == code && error.key == key, "\(error)")
  }

  // MARK: - Dense

  private func dense(_ text: String, input: Int = 8) throws -> DenseModule {
    let folder = try TemporaryFolder()
    try folder.write("2_Dense/config.json", text)
    return try DenseFile.module("2_Dense", folder: folder.path, inputSize: input)
  }

  @Test(arguments: [
    ("torch.nn.modules.activation.Tanh", DenseModule.Function.tanh),
    ("torch.nn.modules.linear.Identity", .identity), ("Tanh", .tanh),
  ])
  func denseForms(function: String, expected: DenseModule.Function) throws {
    let module = try dense(
      #"{"in_features": 8, "out_features": 4, "bias": true, "activation_function": "\#(function)"}"#
    )
    #expect(
      module
        == DenseModule(
          path: "2_Dense", inputSize: 8, outputSize: 4, hasBias: true, function: expected))
  }

  @Test(arguments: [
    (
      #""in_features": 8, "out_features": 4, "activation_function": "torch.nn.ReLU""#,
      ModelFilesError.Code.unsupported, "activation_function"
    ),
    (#""in_features": 8, "out_features": 4"#, .malformed, "activation_function"),
    (
      #""in_features": 9, "out_features": 4, "activation_function": "Tanh""#, .malformed,
      "in_features"
    ),
    (
      #""in_features": 8, "out_features": 0, "activation_function": "Tanh""#, .malformed,
      "out_features"
    ),
    (
      #""in_features": 8, "out_features": 9223372036854775807, "activation_function": "Tanh""#,
      .malformed, "out_features"
    ),
    (
      #""in_features": 8, "out_features": 4.5, "activation_function": "Tanh""#, .malformed,
      "out_features"
    ),
    (
      #""in_features": 8, "out_features": 4, "bias": "no", "activation_function": "Tanh""#,
      .malformed, "bias"
    ),
    (
      #""in_features": 8, "out_features": 4, "activation_function": "Tanh", "#
        + #""module_input_name": "token_embeddings""#, .unsupported, "module_input_name"
    ),
  ])
  func wrongDenseNamesItsKey(
    inside: String, code: ModelFilesError.Code, key: String
  ) throws {
    let error = try #require(modelFilesError { _ = try dense("{\(inside)}") })
    #expect(error.code == code && error.key == key, "\(error)")
    #expect(error.file.hasSuffix("/2_Dense/config.json"))
  }
}
