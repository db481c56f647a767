import EmbeddingEngine
import Retrieval
import Tokenization

/// Stands in for a model's tokenizer where tokenization is not to be measured: a text is the number
/// of a list of ids made beforehand.
struct PresetTokenizer: Tokenizer {
  let specialTokens: SpecialTokens
  let vocabularySize: Int
  private let presets: [Pieces]
  /// One text for each of the lengths given.
  let inputs: [EmbedInput]

  /// First id that is drawn: those below belong to special tokens.
  private static let firstID: Int32 = 5

  /// - Parameters:
  ///   - lengths: tokens of each text as the encoder is to see them, special tokens included; ≥ 3.
  ///   - vocabularySize: rows of the model's embedding table.
  /// - Throws: ``CommandError`` for a vocabulary without ids to draw from.
  init(lengths: [Int], vocabularySize: Int, seed: UInt64) throws(CommandError) {
    guard vocabularySize > Int(Self.firstID), let end = Int32(exactly: vocabularySize) else {
      throw CommandError(
        "the model's vocabulary has \(vocabularySize) entries; more than \(Self.firstID) are "
          + "needed to draw token ids from")
    }
    specialTokens = SpecialTokens(begin: 0, pad: 1, end: 2, unknown: 3, mask: nil)
    self.vocabularySize = vocabularySize
    var generator = SplitMix64(seed: seed)
    presets = lengths.map { length in
      // The engine frames every text with two special tokens.
      let ids = (0..<max(1, length - 2)).map { _ in
        Int32.random(in: Self.firstID..<end, using: &generator)
      }
      return Pieces(
        ids: ids, ranges: Array(repeating: 0..<0, count: ids.count), unknownCount: 0,
        normalizationChanged: false)
    }
    inputs = lengths.enumerated().map { index, length in
      // As many bytes as tokens, as admission estimates a text's cost by its bytes.
      let number = String(index)
      return EmbedInput(
        text: number + String(repeating: " ", count: max(0, length - number.utf8.count)))
    }
  }

  func pieces(of text: String) throws(TokenizationError) -> Pieces {
    var number = 0
    for byte in text.utf8 {
      guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte), number < presets.count else {
        break
      }
      number = number * 10 + Int(byte - UInt8(ascii: "0"))
    }
    guard number < presets.count else {
      throw TokenizationError(code: .internalFailure, message: "there is no preset \(number)")
    }
    return presets[number]
  }

  func pieceText(_ id: Int32) -> String? { nil }
}
