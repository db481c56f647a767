import Foundation
import Testing

@testable import ModelFiles

@Suite struct RerankerFolderTests {
  private static let architectures = [
    ("bert", "BertForSequenceClassification", "bert."),
    ("roberta", "RobertaForSequenceClassification", "roberta."),
    ("xlm-roberta", "XLMRobertaForSequenceClassification", "roberta."),
  ]

  /// A folder as transformers saves a classifier; `prefix` stands before the body's tensors.
  private func folder(
    _ type: String, _ architecture: String, prefix: String,
    changes: [String: String?] = ["id2label": #"{"0": "LABEL_0"}"#]
  ) throws -> TemporaryFolder {
    let shape = Checkpoint.Shape()
    let hidden = shape.hidden
    let changes = changes.merging(["architectures": #"["\#(architecture)"]"#]) { old, _ in old }
    let folder = try Checkpoint.folder(type: type, changes: changes)
    var tensors = Checkpoint.body(shape, prefix: prefix)
    let (dense, score) =
      type == "bert"
      ? (prefix + "pooler.dense", "classifier") : ("classifier.dense", "classifier.out_proj")
    tensors[dense + ".weight"] = .f32(
      [hidden, hidden], (0..<hidden * hidden).map { Float($0) })
    tensors[dense + ".bias"] = .f32([hidden], (0..<hidden).map { Float($0) - 3 })
    tensors[score + ".weight"] = .f32([1, hidden], (0..<hidden).map { Float($0) + 0.5 })
    tensors[score + ".bias"] = .f32([1], [7])
    try folder.write("model.safetensors", Checkpoint.file(tensors))
    return folder
  }

  private func xlmr(_ changes: [String: String?]) throws -> TemporaryFolder {
    try folder(
      "xlm-roberta", "XLMRobertaForSequenceClassification", prefix: "roberta.", changes: changes)
  }

  @Test(arguments: architectures, [true, false])
  func headIsFound(
    _ architecture: (type: String, name: String, prefix: String), prefixed: Bool
  ) throws {
    let files = try folder(
      architecture.type, architecture.name, prefix: prefixed ? architecture.prefix : "")
    let folder = try ModelFolder.open(path: files.path)
    let contract = folder.contract
    #expect(contract.isReranker)
    #expect(
      contract.head
        == ScoringHead(
          kind: architecture.type == "bert" ? .pooler : .classifier, activation: .sigmoid))
    #expect(contract.body.architecture.rawValue == architecture.type)
    #expect(contract.body.firstPosition == (architecture.type == "bert" ? 0 : 2))
    #expect(contract.dimension == 1 && contract.pooling == .cls && !contract.normalizes)
    #expect(contract.prompts == .none && contract.denseModules.isEmpty)
    #expect(contract.provenance.contains("reranker: \(architecture.name), config.json"))
    let head = try #require(folder.head)
    #expect(head.denseWeight.floats() == (0..<64).map { Float($0) })
    #expect(head.denseBias.floats() == (0..<8).map { Float($0) - 3 })
    #expect(head.scoreWeight.floats() == (0..<8).map { Float($0) + 0.5 })
    #expect(head.scoreBias.floats() == [7])
  }

  @Test func anEmbedderHasNoHead() throws {
    let files = try Checkpoint.folder()
    let folder = try ModelFolder.open(path: files.path)
    #expect(!folder.contract.isReranker && folder.head == nil)
  }

  // MARK: - Labels

  @Test(
    arguments: [
      (["id2label": #"{"0": "no", "1": "yes"}"#], "id2label", 2),
      (["id2label": #"{"0": "a", "1": "b", "2": "c"}"#, "num_labels": "1"], "id2label", 3),
      (["id2label": "{}"], "id2label", 0),
      (["num_labels": "5"], "num_labels", 5),
      ([:], "num_labels", 2),
    ] as [([String: String?], String, Int)])
  func otherNumbersOfLabelsAreNamed(
    changes: [String: String?], key: String, count: Int
  ) throws {
    let folder = try xlmr(changes)
    let error = try #require(modelFilesError { _ = try ModelFolder.open(path: folder.path) })
    #expect(error.code == .unsupported && error.key == key)
    #expect(error.message.contains("\(count) labels"))
  }

  @Test(
    arguments: [
      ["num_labels": "1"], ["id2label": #"{"0": "relevant"}"#, "num_labels": "4"],
      ["id2label": #"{"0": 0}"#],
    ] as [[String: String?]])
  func oneLabelIsAReranker(changes: [String: String?]) throws {
    let folder = try xlmr(changes)
    #expect(try ModelFolder.open(path: folder.path).contract.isReranker)
  }

  // MARK: - Activation

  private func activation(
    config: [String: String?], sentenceFile: String? = nil
  ) throws -> ScoringHead.Activation? {
    let folder = try xlmr(config.merging(["num_labels": "1"]) { old, _ in old })
    if let sentenceFile { try folder.write("config_sentence_transformers.json", sentenceFile) }
    return try ModelFolder.open(path: folder.path).contract.head?.activation
  }

  private static let identity = "torch.nn.modules.linear.Identity"
  private static let sigmoid = "torch.nn.modules.activation.Sigmoid"

  @Test func activationIsReadFromEveryForm() throws {
    let new = #"{"activation_fn": "\#(Self.identity)", "model_type": "CrossEncoder"}"#
    let inside = #"{"activation_fn": "\#(Self.identity)", "version": "4.1.0"}"#
    let old = "sbert_ce_default_activation_function"
    #expect(try activation(config: [:]) == .sigmoid)
    #expect(try activation(config: [:], sentenceFile: new) == .identity)
    #expect(try activation(config: ["sentence_transformers": inside]) == .identity)
    #expect(try activation(config: ["sentence_transformers": #"{"version": "4"}"#]) == .sigmoid)
    #expect(try activation(config: [old: #""\#(Self.identity)""#]) == .identity)
    #expect(try activation(config: [old: "null"]) == .sigmoid)
    // The newer place wins.
    #expect(
      try activation(config: ["sentence_transformers": inside, old: #""\#(Self.sigmoid)""#])
        == .identity)
    #expect(
      try activation(
        config: ["sentence_transformers": inside],
        sentenceFile: #"{"activation_fn": "\#(Self.sigmoid)"}"#) == .sigmoid)
  }

  @Test func otherActivationsAreNamed() throws {
    let error = try #require(
      modelFilesError {
        _ = try activation(
          config: ["sentence_transformers": #"{"activation_fn": "torch.nn.Softmax"}"#])
      })
    #expect(error.code == .unsupported && error.key == "sentence_transformers/activation_fn")
    #expect(error.message.contains("'torch.nn.Softmax'"))
  }

  @Test func activationsAreTheirFunctions() {
    let identity = ScoringHead.Activation.identity
    let sigmoid = ScoringHead.Activation.sigmoid
    #expect(identity(-3.25) == -3.25)
    #expect(sigmoid(0) == 0.5)
    // Published with BAAI/bge-reranker-large.
    #expect(abs(sigmoid(-1.5263671875) - 0.1785258315203034) < 1e-7)
    #expect(abs(sigmoid(5.76171875) - 0.9968641641221717) < 1e-7)
    #expect(sigmoid(-1e6) == 0 && sigmoid(1e6) == 1)
  }

  @Test func promptsOfRerankersAreRefused() throws {
    let prompts = #"{"prompts": {"q": "query: ", "none": ""}, "default_prompt_name": "NAME"}"#
    let named = prompts.replacing("NAME", with: "q")
    let empty = prompts.replacing("NAME", with: "none")
    let error = try #require(
      modelFilesError { _ = try activation(config: [:], sentenceFile: named) })
    #expect(error.code == .unsupported && error.key == "default_prompt_name")
    #expect(try activation(config: [:], sentenceFile: empty) == .sigmoid)
  }

  // MARK: - Either embedder or reranker

  @Test func listOfATransformerAloneIsARerankers() throws {
    let folder = try xlmr(["num_labels": "1"])
    try folder.write(
      "modules.json",
      Modules.list(("sentence_transformers.base.modules.transformer.Transformer", "")))
    #expect(try ModelFolder.open(path: folder.path).contract.isReranker)
  }

  /// A body that was trained as a classifier and is pooled is an embedder.
  @Test func poolingMakesAnEmbedder() throws {
    let folder = try xlmr(["num_labels": "1"])
    try folder.write("modules.json", Modules.list(Modules.transformer, Modules.pooling))
    try folder.write("1_Pooling/config.json", Modules.newPooling("mean", dimension: 8))
    let contract = try ModelFolder.open(path: folder.path).contract
    #expect(!contract.isReranker && contract.pooling == .mean && contract.dimension == 8)
  }

  @Test func poolingOfARerankerIsRefused() throws {
    let folder = try xlmr(["num_labels": "1"])
    let error = try #require(
      modelFilesError { _ = try ModelFolder.open(path: folder.path, pooling: .cls) })
    #expect(error.code == .unsupported && error.message.contains("'cls'"))
  }

  // MARK: - Tensors

  @Test(arguments: [
    "classifier.dense.weight", "classifier.dense.bias", "classifier.out_proj.weight",
    "classifier.out_proj.bias",
  ])
  func everyTensorIsNeededInItsShape(name: String) throws {
    let folder = try xlmr(["num_labels": "1"])
    for replacement in [nil, Checkpoint.Tensor.f32([2, 4], Array(repeating: 0, count: 8))] {
      var tensors = Checkpoint.body(prefix: "roberta.")
      tensors["classifier.dense.weight"] = .f32([8, 8], Array(repeating: 0, count: 64))
      tensors["classifier.dense.bias"] = .f32([8], Array(repeating: 0, count: 8))
      tensors["classifier.out_proj.weight"] = .f32([1, 8], Array(repeating: 0, count: 8))
      tensors["classifier.out_proj.bias"] = .f32([1], [0])
      tensors[name] = replacement
      try folder.write("model.safetensors", Checkpoint.file(tensors))
      let error = try #require(modelFilesError { _ = try ModelFolder.open(path: folder.path) })
      #expect(error.code == .malformed && error.key == name)
    }
  }

  @Test func lengthMayBeAsked() throws {
    let folder = try xlmr(["num_labels": "1"])
    #expect(try ModelFolder.open(path: folder.path, maximumTokens: 9).contract.maximumTokens == 9)
  }
}
