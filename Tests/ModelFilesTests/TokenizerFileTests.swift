import Foundation
import Testing

@testable import ModelFiles

@Suite struct TokenizerFileTests {
  private let unigram = #"{"version": "1.0", "model": {"type": "Unigram", "vocab": [["a", -1.5]]}}"#

  private func error(_ files: [String: String]) throws -> ModelFilesError? {
    let folder = try TemporaryFolder()
    for (name, text) in files { try folder.write(name, text) }
    return modelFilesError { _ = try TokenizerFile.find(in: folder.path) }
  }

  @Test(arguments: ["sentencepiece.bpe.model", "spiece.model", "tokenizer.model"])
  func sentencePieceNames(name: String) throws {
    let folder = try TemporaryFolder()
    try folder.write(name, "x")
    #expect(
      try TokenizerFile.find(in: folder.path)
        == .sentencePiece(path: folder.file(name), unigramJSON: nil))
    // Not opened beside a SentencePiece model, so it may be anything.
    try folder.write("tokenizer.json", "broken")
    #expect(
      try TokenizerFile.find(in: folder.path)
        == .sentencePiece(path: folder.file(name), unigramJSON: folder.file("tokenizer.json")))
  }

  @Test func firstNameWins() throws {
    let folder = try TemporaryFolder()
    for name in TokenizerFile.sentencePieceNames { try folder.write(name, "x") }
    #expect(
      try TokenizerFile.find(in: folder.path)
        == .sentencePiece(path: folder.file("sentencepiece.bpe.model"), unigramJSON: nil))
  }

  @Test func unigramJSON() throws {
    let folder = try TemporaryFolder()
    try folder.write("tokenizer.json", unigram)
    try folder.write("vocab.txt", "x")
    #expect(
      try TokenizerFile.find(in: folder.path) == .unigramJSON(path: folder.file("tokenizer.json")))
  }

  @Test(arguments: ["WordLevel", "BPE"]) func otherModelsAreNamed(type: String) throws {
    let error = try #require(
      try error(["tokenizer.json": #"{"model": {"type": "\#(type)", "vocab": {}}}"#]))
    #expect(error.code == .unsupported && error.key == "model/type")
    #expect(error.message.contains("'\(type)'"))
  }

  @Test func wordPiece() throws {
    let folder = try TemporaryFolder()
    let vocabulary = folder.file("vocab.txt")
    let json = folder.file("tokenizer.json")
    let configuration = folder.file("tokenizer_config.json")
    try folder.write("vocab.txt", "x")
    #expect(
      try TokenizerFile.find(in: folder.path) == .wordPiece(path: vocabulary, configuration: nil))
    try folder.write("tokenizer_config.json", "broken")
    #expect(
      try TokenizerFile.find(in: folder.path)
        == .wordPiece(path: vocabulary, configuration: configuration))
    try folder.write("tokenizer.json", #"{"model": {"type": "WordPiece", "vocab": {"a": 0}}}"#)
    #expect(
      try TokenizerFile.find(in: folder.path)
        == .wordPieceJSON(path: json, configuration: configuration))
  }

  @Test func byteLevelIsNamed() throws {
    let error = try #require(try error(["merges.txt": "x"]))
    #expect(error.code == .unsupported && error.file.hasSuffix("/merges.txt"))
  }

  @Test func noTokenizerNamesTheAcceptedFiles() throws {
    let error = try #require(try error([:]))
    #expect(error.code == .notFound)
    for name in TokenizerFile.sentencePieceNames + ["tokenizer.json", "vocab.txt"] {
      #expect(error.message.contains(name))
    }
  }

  @Test(
    arguments: [
      ("", nil), ("[]", nil), ("{}", "model"), (#"{"model": null}"#, "model"),
      (#"{"model": {}}"#, "model/type"), (#"{"model": {"type": 1}}"#, "model/type"),
    ] as [(String, String?)])
  func brokenJSONIsMalformed(text: String, key: String?) throws {
    let error = try #require(try error(["tokenizer.json": text]))
    #expect(error.code == .malformed && error.key == key)
  }
}
