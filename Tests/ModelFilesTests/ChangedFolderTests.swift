import Foundation
import Testing

@testable import ModelFiles

/// Random damage to every text file of a folder: opening ends in a contract or in an error of this
/// module that names a file of the folder, never in a trap.
@Suite struct ChangedFolderTests {
  private static let files: [String: String] = [
    "config.json": Checkpoint.config(type: "xlm-roberta"),
    "modules.json": Modules.list(
      Modules.transformer, Modules.pooling, Modules.dense, Modules.normalize),
    "1_Pooling/config.json": Modules.oldPooling("mean_tokens", dimension: 8),
    "2_Dense/config.json":
      #"{"in_features": 8, "out_features": 4, "bias": false, "activation_function": "nn.Tanh"}"#,
    "config_sentence_transformers.json":
      #"{"prompts": {"query": "q ", "document": "d "}, "default_prompt_name": "query"}"#,
    "sentence_bert_config.json": #"{"max_seq_length": 12, "do_lower_case": false}"#,
    "tokenizer_config.json": #"{"model_max_length": 1e30}"#,
  ]

  /// What replaces a byte, or a whole number, of the file.
  private static let bytes = Array(#"0123456789[]{},:"-eE.+ \n"#.utf8) + [0, 0xff]
  private static let numbers = [
    "-1", "0", "1e308", "1e999", "9223372036854775807", "9223372036854775808", "null", "NaN", "[]",
    "{}", "true", "\"8\"", "0.5",
  ]

  private func damaged(_ text: String, by generator: inout SeededGenerator) -> Data {
    if Bool.random(using: &generator), let digits = text.firstRange(of: /[0-9]+/) {
      let ranges = text.ranges(of: /[0-9]+/)
      let range = ranges.randomElement(using: &generator) ?? digits
      let number = Self.numbers.randomElement(using: &generator) ?? ""
      return Data(text.replacingCharacters(in: range, with: number).utf8)
    }
    var data = Data(text.utf8)
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      data[Int.random(in: 0..<data.count, using: &generator)] =
        Self.bytes.randomElement(using: &generator) ?? 0
    }
    return data
  }

  @Test(arguments: files.keys.sorted()) func damageIsAnErrorOrHarmless(name: String) throws {
    let folder = try Checkpoint.folder()
    for (name, text) in Self.files { try folder.write(name, text) }
    try folder.write(
      "2_Dense/model.safetensors",
      Checkpoint.file(["linear.weight": .f32([4, 8], [Float](repeating: 1, count: 32))]))
    #expect(try ModelFolder.open(path: folder.path).contract.dimension == 4)

    var generator = SeededGenerator(state: 99)
    let text = try #require(Self.files[name])
    var errors = 0
    for _ in 0..<200 {
      try folder.write(name, damaged(text, by: &generator))
      do {
        let contract = try ModelFolder.open(path: folder.path).contract
        #expect(contract.maximumTokens >= 3 && contract.maximumTokens <= 16)
      } catch {
        #expect(error.file.hasPrefix(folder.path) && !error.message.isEmpty)
        errors += 1
      }
    }
    #expect(errors > 20)
  }
}
