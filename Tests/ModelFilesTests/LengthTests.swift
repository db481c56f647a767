import Foundation
import Testing

@testable import ModelFiles

@Suite struct LengthTests {
  /// Tokens and provenance for a body of 512 usable positions.
  private func length(
    sentence: String? = nil, tokenizer: String? = nil, asked: Int? = nil, positions: Int = 514
  ) throws -> (tokens: Int, provenance: String) {
    let folder = try TemporaryFolder()
    if let sentence { try folder.write("sentence_bert_config.json", sentence) }
    if let tokenizer { try folder.write("tokenizer_config.json", tokenizer) }
    let body = BodyConfiguration(
      architecture: .xlmRoberta, hiddenSize: 8, layerCount: 1, headCount: 1, intermediateSize: 8,
      vocabularySize: 8, positionRows: positions, tokenTypeRows: 1, layerNormEpsilon: 1e-5,
      activation: .gelu, firstPosition: 2)
    return try LengthFiles.maximumTokens(folder: folder.path, body: body, asked: asked)
  }

  @Test func theLeastDeclaredLengthCounts() throws {
    #expect(try length().tokens == 512)
    #expect(try length(sentence: #"{"max_seq_length": 128}"#).tokens == 128)
    #expect(try length(tokenizer: #"{"model_max_length": 256}"#).tokens == 256)
    let both = try length(
      sentence: #"{"max_seq_length": 128, "do_lower_case": false}"#,
      tokenizer: #"{"model_max_length": 512}"#)
    #expect(both.tokens == 128)
    #expect(both.provenance == "maximum tokens: sentence_bert_config.json")
    // Counting all 514 rows would run past the position table.
    #expect(try length(sentence: #"{"max_seq_length": 514}"#).tokens == 512)
  }

  @Test(arguments: [
    "1000000000000000019884624838656", "1e30", "9223372036854775807", "null", "2147483648",
  ])
  func hugeLengthsMeanNone(value: String) throws {
    #expect(try length(tokenizer: #"{"model_max_length": \#(value)}"#).tokens == 512)
  }

  @Test func newFormLacksALength() throws {
    let sentence = #"{"transformer_task": "feature-extraction", "modality_config": {"text": {}}}"#
    let tokenizer = #"{"max_length": 128, "model_max_length": 128}"#
    #expect(try length(sentence: sentence, tokenizer: tokenizer).tokens == 128)
  }

  @Test(arguments: ["0", "-1", "2", "12.5", "\"512\"", "true", "[512]", "-1e30"])
  func wrongLengthsNameTheKey(value: String) throws {
    let sentence = modelFilesError {
      _ = try length(sentence: #"{"max_seq_length": \#(value)}"#)
    }
    #expect(sentence?.code == .malformed && sentence?.key == "max_seq_length")
    let tokenizer = modelFilesError {
      _ = try length(tokenizer: #"{"model_max_length": \#(value)}"#)
    }
    #expect(tokenizer?.code == .malformed && tokenizer?.key == "model_max_length")
  }

  @Test func askedLengthMayExceedTheDeclaredButNotTheTable() throws {
    let declared = #"{"max_seq_length": 128}"#
    #expect(try length(sentence: declared, asked: 400).tokens == 400)
    #expect(try length(sentence: declared, asked: 400).provenance.contains("as asked"))
    #expect(try length(asked: 3).tokens == 3)
    for asked in [Int.min, -1, 0, 2, 513, Int.max] {
      let error = modelFilesError { _ = try length(asked: asked) }
      #expect(error?.code == .unsupported && error?.message.contains("3 to 512") == true)
    }
  }

  @Test func lowercasingIsRefused() throws {
    let error = modelFilesError { _ = try length(sentence: #"{"do_lower_case": true}"#) }
    #expect(error?.code == .unsupported && error?.key == "do_lower_case")
  }

  @Test func tinyPositionTableIsMalformed() throws {
    let error = modelFilesError { _ = try length(positions: 4) }
    #expect(error?.code == .malformed && error?.key == "max_position_embeddings")
  }
}
