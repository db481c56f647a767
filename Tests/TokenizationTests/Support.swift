import Foundation

@testable import Tokenization

/// Paths and tokenizers that the tests share.
enum Fixtures {
  static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let shared = root.deletingLastPathComponent().appending(path: "shared")
  static let bootstrapFolder = root.appending(path: "Models/duri-ko-en-bootstrap")
  static let xlmrFolder = shared.appending(path: "models/xlm-roberta-tokenizer")

  static let hasXLMR = FileManager.default.fileExists(
    atPath: xlmrFolder.appending(path: "sentencepiece.bpe.model").path)
  static let hasData = FileManager.default.fileExists(
    atPath: shared.appending(path: "data/eval").path)

  private static let bootstrap = Result { try bothPaths(bootstrapFolder) }
  private static let xlmr = Result { try bothPaths(xlmrFolder) }

  /// The model's two load paths: SentencePiece file, then tokenizer.json.
  static func tokenizers(_ model: Model) throws -> [SentencePieceTokenizer] {
    switch model {
    case .bootstrap: try bootstrap.get()
    case .xlmr: try xlmr.get()
    }
  }

  static func tokenizer(_ model: Model) throws -> SentencePieceTokenizer {
    try tokenizers(model)[0]
  }

  private static func bothPaths(_ folder: URL) throws -> [SentencePieceTokenizer] {
    [
      try SentencePieceTokenizer(
        contentsOf: folder.appending(path: "sentencepiece.bpe.model").path),
      try SentencePieceTokenizer(unigramJSON: folder.appending(path: "tokenizer.json").path),
    ]
  }

  static func bytes(_ url: URL) throws -> [UInt8] { Array(try Data(contentsOf: url)) }

  static func golden<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
    let url = root.appending(path: "Tests/Goldens/\(name).json")
    let header = try JSONDecoder().decode(GoldenHeader.self, from: Data(contentsOf: url))
    guard header.magic == "duri-tokenization", header.version == 1 else {
      throw TokenizationError(code: .unreadableModel, message: "\(name) is of another format")
    }
    return try JSONDecoder().decode(type, from: Data(contentsOf: url))
  }
}

enum Model: String, CaseIterable, Codable {
  case bootstrap, xlmr

  /// The models that are here to be tested.
  static var present: [Model] { Fixtures.hasXLMR ? [.bootstrap, .xlmr] : [.bootstrap] }
}

struct GoldenHeader: Decodable {
  let magic: String
  let version: Int
}

struct GoldenCases: Decodable {
  struct Case: Decodable {
    let text: String
    let ids: [Int32]
    /// begin, end of each piece
    let ranges: [Int]
  }
  let cases: [Case]

  /// Every text of the goldens.
  static func texts() throws -> [String] {
    try Fixtures.golden(GoldenCases.self, "tokenization-bootstrap").cases.map(\.text)
  }
}

/// A seeded generator (SplitMix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Whether ranges are in bounds, on character boundaries, and never step back.
func rangesAreSound(_ ranges: [Range<Int>], in text: String) -> Bool {
  let bytes = Array(text.utf8)
  func isBoundary(_ offset: Int) -> Bool {
    offset == bytes.count || (offset >= 0 && offset < bytes.count && bytes[offset] & 0xC0 != 0x80)
  }
  var last = 0
  for range in ranges {
    guard range.lowerBound >= last, isBoundary(range.lowerBound), isBoundary(range.upperBound)
    else { return false }
    last = range.upperBound
  }
  return true
}
