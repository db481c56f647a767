import Foundation
import Testing

@testable import ModelFiles

@Suite struct BodyTensorsTests {
  private let shape = Checkpoint.Shape()

  private func open(
    _ tensors: [String: Checkpoint.Tensor], changes: [String: String?] = [:]
  ) throws -> BodyTensors {
    let folder = try Checkpoint.folder(changes: changes)
    try folder.write("model.safetensors", Checkpoint.file(tensors))
    return try ModelFolder.open(path: folder.path).tensors
  }

  @Test(arguments: ["", "bert.", "roberta.", "model."])
  func prefixIsFoundOnce(prefix: String) throws {
    var tensors = Checkpoint.body(shape, prefix: prefix)
    // What a checkpoint holds besides its body is let be.
    tensors["lm_head.bias"] = .f32([1], [0])
    tensors[prefix + "pooler.dense.bias"] = .f32([8], [Float](repeating: 0, count: 8))
    tensors[prefix + "embeddings.position_ids"] = Checkpoint.Tensor(
      type: "I64", shape: [1, 2], data: Data(count: 16))
    let body = try open(tensors)
    #expect(body.wordEmbeddings.name == prefix + "embeddings.word_embeddings.weight")
    #expect(body.layers.count == 2)
    let layer = try #require(body.layers.last)
    #expect(layer.queryWeight.name == prefix + "encoder.layer.1.attention.self.query.weight")
    #expect(layer.intermediateWeight.shape == [12, 8] && layer.outputWeight.shape == [8, 12])
    let written = try #require(tensors[layer.valueBias.name]).data
    #expect(layer.valueBias.floats().withUnsafeBytes { Data($0) } == written)
  }

  /// Every field points at the tensor of its own name.
  @Test func fieldsAndNames() throws {
    let body = try open(Checkpoint.body(shape))
    #expect(body.positionEmbeddings.name == "embeddings.position_embeddings.weight")
    #expect(body.tokenTypeEmbeddings.name == "embeddings.token_type_embeddings.weight")
    #expect(body.embeddingNormWeight.name == "embeddings.LayerNorm.weight")
    #expect(body.embeddingNormBias.name == "embeddings.LayerNorm.bias")
    let layer = try #require(body.layers.first)
    let names = [
      layer.queryWeight, layer.queryBias, layer.keyWeight, layer.keyBias, layer.valueWeight,
      layer.valueBias, layer.attentionOutputWeight, layer.attentionOutputBias,
      layer.attentionNormWeight, layer.attentionNormBias, layer.intermediateWeight,
      layer.intermediateBias, layer.outputWeight, layer.outputBias, layer.outputNormWeight,
      layer.outputNormBias,
    ].map(\.name)
    let parts = [
      "attention.self.query", "attention.self.key", "attention.self.value",
      "attention.output.dense", "attention.output.LayerNorm", "intermediate.dense", "output.dense",
      "output.LayerNorm",
    ]
    #expect(
      names == parts.flatMap { ["encoder.layer.0.\($0).weight", "encoder.layer.0.\($0).bias"] })
  }

  @Test func oldNormNames() throws {
    let body = try open(Checkpoint.body(shape, oldNormNames: true))
    #expect(body.embeddingNormWeight.name == "embeddings.LayerNorm.gamma")
    #expect(body.layers.first?.outputNormBias.name == "encoder.layer.0.output.LayerNorm.beta")
  }

  @Test func everyTensorIsNeeded() throws {
    let whole = Checkpoint.body(shape)
    for name in whole.keys.sorted() {
      var tensors = whole
      tensors[name] = nil
      let error = try #require(modelFilesError { _ = try open(tensors) })
      #expect(error.code == .malformed && error.key == name, "\(error)")
    }
  }

  @Test func everyShapeIsChecked() throws {
    let whole = Checkpoint.body(shape)
    for name in whole.keys.sorted() {
      var tensors = whole
      let count = try #require(tensors[name]).shape.reduce(1, *)
      // As many elements in another arrangement.
      tensors[name]?.shape = [count, 1]
      let error = try #require(modelFilesError { _ = try open(tensors) })
      #expect(error.code == .malformed && error.key == name, "\(error)")
      #expect(error.message.contains("[\(count), 1]"))
    }
  }

  @Test(arguments: [
    ("vocab_size", "11", "embeddings.word_embeddings.weight"),
    ("vocab_size", "9", "embeddings.word_embeddings.weight"),
    ("max_position_embeddings", "15", "embeddings.position_embeddings.weight"),
    ("type_vocab_size", "1", "embeddings.token_type_embeddings.weight"),
    ("num_hidden_layers", "3", "encoder.layer.2.attention.self.query.weight"),
    ("intermediate_size", "16", "encoder.layer.0.intermediate.dense.weight"),
    ("hidden_size", "16", "embeddings.word_embeddings.weight"),
  ])
  func configurationAndWeightsMustAgree(key: String, value: String, tensor: String) throws {
    let error = try #require(
      modelFilesError { _ = try open(Checkpoint.body(shape), changes: [key: value]) })
    #expect(error.code == .malformed && error.key == tensor, "\(error)")
  }

  @Test func otherNumbersAreUnsupported() throws {
    var tensors = Checkpoint.body(shape)
    tensors["embeddings.LayerNorm.bias"] = Checkpoint.Tensor(
      type: "F64", shape: [8], data: Data(count: 64))
    let error = modelFilesError { _ = try open(tensors) }
    #expect(error?.code == .unsupported && error?.key == "embeddings.LayerNorm.bias")
  }

  @Test func twoBodiesAreAmbiguous() throws {
    let both = Checkpoint.body(shape, prefix: "a.").merging(Checkpoint.body(shape, prefix: "b.")) {
      $1
    }
    let error = try #require(modelFilesError { _ = try open(both) })
    #expect(error.code == .unsupported && error.message.contains("2 times"))
  }

  @Test func noBodyAtAll() throws {
    let error = modelFilesError { _ = try open(["x": .f32([1], [1])]) }
    #expect(error?.code == .malformed && error?.message.contains("any prefix") == true)
  }
}
