import Foundation
import Testing

@testable import ModelFiles

/// `config.json` alone: shapes of published models, and every way it can be wrong.
@Suite struct TransformerFileTests {
  private func body(
    _ text: String
  ) throws -> (body: BodyConfiguration, notes: [String]) {
    let folder = try TemporaryFolder()
    try folder.write("config.json", text)
    var notes: [String] = []
    let path = folder.file("config.json")
    let body = try TransformerFile.read(path: path).body(path: path, notes: &notes)
    return (body, notes)
  }

  @Test func e5SmallIsABertBodyThatCountsFromZero() throws {
    // Its tokenizer is XLM-R's; pad_token_id must not move the positions of a BERT body.
    let shape = Checkpoint.Shape(
      hidden: 384, layers: 12, heads: 12, intermediate: 1536, vocabulary: 250037, positions: 512,
      types: 2)
    for pad in ["0", "1"] {
      let (body, notes) = try body(Checkpoint.config(shape, changes: ["pad_token_id": pad]))
      #expect(
        body
          == BodyConfiguration(
            architecture: .bert, hiddenSize: 384, layerCount: 12, headCount: 12,
            intermediateSize: 1536, vocabularySize: 250037, positionRows: 512, tokenTypeRows: 2,
            layerNormEpsilon: 1e-12, activation: .gelu, firstPosition: 0))
      #expect(body.usableLength == 512 && body.headSize == 32 && notes.isEmpty)
    }
  }

  @Test(arguments: [(768, 12, 12, 514, 512), (1024, 24, 16, 514, 512), (1024, 24, 16, 8194, 8192)])
  func xlmRobertaCountsFromAfterThePadding(
    hidden: Int, layers: Int, heads: Int, positions: Int, usable: Int
  ) throws {
    let shape = Checkpoint.Shape(
      hidden: hidden, layers: layers, heads: heads, intermediate: 4 * hidden, vocabulary: 250002,
      positions: positions, types: 1)
    let (body, _) = try body(
      Checkpoint.config(shape, type: "xlm-roberta", changes: ["layer_norm_eps": "1e-05"]))
    #expect(body.architecture == .xlmRoberta && body.firstPosition == 2)
    #expect(body.usableLength == usable && body.tokenTypeRows == 1)
    #expect(body.layerNormEpsilon == 1e-5)
  }

  @Test(arguments: [
    ("gelu", Activation.gelu), ("gelu_new", .geluTanh), ("gelu_pytorch_tanh", .geluTanh),
    ("gelu_fast", .geluTanh), ("relu", .relu),
  ])
  func activations(name: String, expected: Activation) throws {
    let (body, _) = try body(Checkpoint.config(changes: ["hidden_act": "\"\(name)\""]))
    #expect(body.activation == expected)
  }

  @Test func absentValuesTakeTheFormatsDefaultsAndSaySo() throws {
    let (body, notes) = try body(
      Checkpoint.config(
        type: "xlm-roberta",
        changes: [
          "layer_norm_eps": nil, "hidden_act": nil, "pad_token_id": nil, "type_vocab_size": nil,
          "position_embedding_type": nil,
        ]))
    #expect(body.layerNormEpsilon == 1e-12 && body.activation == .gelu)
    #expect(body.firstPosition == 2 && body.tokenTypeRows == 2)
    for key in ["layer_norm_eps", "hidden_act", "pad_token_id", "type_vocab_size"] {
      #expect(notes.contains { $0.hasPrefix(key + ": absent") })
    }
  }

  // MARK: - Wrong values

  struct Wrong: CustomTestStringConvertible, Sendable {
    let key: String
    /// JSON text, or nil for an absent key.
    let value: String?
    var code = ModelFilesError.Code.malformed
    var says: String?
    var type = "bert"
    var testDescription: String { "\(key) = \(value ?? "absent") (\(type))" }
  }

  static let sizes = [
    "hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size",
    "max_position_embeddings",
  ]
  static let wrongSizes: [Wrong] = sizes.flatMap { key in
    [
      nil, "null", "0", "-4", "1.5", "true", "\"8\"", "[8]", "1e300", "9223372036854775807",
      "-9223372036854775808", "18446744073709551616", "99999999",
    ].map { Wrong(key: key, value: $0) }
  }
  static let wrongOthers: [Wrong] = [
    Wrong(key: "num_attention_heads", value: "3", says: "does not divide"),
    Wrong(key: "num_attention_heads", value: "16"),
    Wrong(key: "type_vocab_size", value: "0"),
    Wrong(key: "type_vocab_size", value: "\"2\""),
    Wrong(key: "layer_norm_eps", value: "0"),
    Wrong(key: "layer_norm_eps", value: "-1e-5"),
    Wrong(key: "layer_norm_eps", value: "1e-300"),
    Wrong(key: "layer_norm_eps", value: "7"),
    Wrong(key: "layer_norm_eps", value: "\"1e-5\""),
    Wrong(key: "pad_token_id", value: "\"1\""),
    Wrong(key: "pad_token_id", value: "-1", type: "xlm-roberta"),
    Wrong(key: "pad_token_id", value: "15", type: "xlm-roberta"),
    Wrong(key: "pad_token_id", value: "9223372036854775807", type: "xlm-roberta"),
    Wrong(key: "hidden_act", value: "3"),
    Wrong(key: "hidden_act", value: "\"silu\"", code: .unsupported, says: "'silu'"),
    Wrong(
      key: "position_embedding_type", value: "\"relative_key\"", code: .unsupported,
      says: "absolute"),
    Wrong(key: "is_decoder", value: "true", code: .unsupported),
    Wrong(key: "is_decoder", value: "1"),
    Wrong(key: "add_cross_attention", value: "true", code: .unsupported),
    Wrong(key: "architectures", value: "\"BertModel\""),
    Wrong(key: "model_type", value: nil),
    Wrong(key: "model_type", value: "7"),
    Wrong(
      key: "model_type", value: "\"mpnet\"", code: .unsupported,
      says: "is 'mpnet'; supported are 'bert', 'roberta' and 'xlm-roberta'"),
    Wrong(key: "model_type", value: "\"camembert\"", code: .unsupported),
    Wrong(key: "model_type", value: "\"BERT\"", code: .unsupported),
  ]

  @Test(arguments: wrongSizes + wrongOthers) func wrongValueNamesItsKey(_ wrong: Wrong) throws {
    let text = Checkpoint.config(type: wrong.type, changes: [wrong.key: wrong.value])
    let error = try #require(modelFilesError { _ = try body(text) })
    #expect(error.code == wrong.code)
    #expect(error.key?.hasPrefix(wrong.key) == true, "\(error)")
    #expect(error.file.hasSuffix("/config.json"))
    if let says = wrong.says { #expect(error.message.contains(says), "\(error)") }
  }

  @Test(arguments: ["", "{", "[]", "bert", "{\"model_type\": \"bert\",}}", "\u{1}"])
  func brokenTextNamesTheFile(text: String) throws {
    let error = try #require(modelFilesError { _ = try body(text) })
    #expect(error.code == .malformed && error.file.hasSuffix("/config.json"))
  }

  @Test func syntaxErrorSaysWhere() throws {
    let error = try #require(modelFilesError { _ = try body(#"{"model_type": bert}"#) })
    #expect(error.message.contains("15"), "\(error)")
  }

  @Test func unknownModelIsNamedEvenWithoutTheOtherKeys() throws {
    let error = try #require(
      modelFilesError { _ = try body(#"{"model_type": "t5", "d_model": 512}"#) })
    #expect(error.code == .unsupported && error.key == "model_type")
  }
}
