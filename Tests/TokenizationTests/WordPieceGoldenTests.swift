import Foundation
import Testing

@testable import Tokenization

/// Ids and ranges that transformers gives; see Tests/Goldens/wordpiece.py.
@Suite struct WordPieceGoldenTests {
  struct Cases: Decodable {
    struct Model: Decodable {
      struct Case: Decodable {
        let ids: [Int32]
        /// begin, end of each piece
        let ranges: [Int]
      }
      let settings: [String: Bool]
      /// For as many of the texts, from the first on.
      let cases: [Case]
    }
    let words: [String]
    let texts: [String]
    let models: [Model]
  }

  struct Characters: Decodable {
    struct Model: Decodable {
      struct Settings: Decodable {
        let clean_text: Bool
        let handle_chinese_chars: Bool
        let strip_accents: Bool?
        let lowercase: Bool
      }
      struct Block: Decodable {
        let first: UInt32
        let last: UInt32
        let hash: String
      }
      let settings: Settings
      let blocks: [Block]
    }
    let models: [Model]
  }

  @Test func committedTexts() throws {
    let golden = try Fixtures.golden(Cases.self, "tokenization-wordpiece")
    #expect(golden.models.count == 4)
    for model in golden.models {
      let tokenizer = try SmallBERT(words: golden.words, configuration: model.settings).load()
      #expect(model.cases.count > 40)
      for (text, item) in zip(golden.texts, model.cases) {
        let pieces = try tokenizer.pieces(of: text)
        #expect(pieces.ids == item.ids, "\(model.settings), \(text.debugDescription)")
        let ranges = pieces.ranges.flatMap { [$0.lowerBound, $0.upperBound] }
        #expect(ranges == item.ranges, "\(model.settings), \(text.debugDescription)")
        #expect(rangesAreSound(pieces.ranges, in: text))
        #expect(pieces.unknownCount == item.ids.count { $0 == 1 })
      }
    }
  }

  /// The words of texts around every code point, for three settings that reach every table.
  @Test func everyCharacter() throws {
    let golden = try Fixtures.golden(Characters.self, "tokenization-wordpiece-characters")
    #expect(golden.models.count == 3)
    for model in golden.models {
      let settings = BertNormalization(
        cleansText: model.settings.clean_text, isolatesHan: model.settings.handle_chinese_chars,
        stripsAccents: model.settings.strip_accents, lowercases: model.settings.lowercase)
      for block in model.blocks {
        var hash = SharedDataTests.Hash()
        for point in block.first...block.last {
          guard let scalar = Unicode.Scalar(point) else { continue }
          var text = "a\(scalar)\u{334}\u{302E}\u{345} \(scalar)b"
          var normalizer = BertNormalizer(settings, sink: WordList(), reportingChangesFrom: 0)
          text.withUTF8 { normalizer.read($0) }
          for word in normalizer.sink.words {
            for scalar in word.scalars { hash.add(scalar) }
            for bound in [0xFFFF_FFFF, word.start, word.end] { hash.add(bound) }
          }
        }
        #expect(
          hash.text == block.hash, "\(settings), U+\(String(block.first, radix: 16)) and on")
      }
    }
  }
}

/// Keeps words as they come.
struct WordList: BertWordSink {
  struct Word: Equatable {
    var scalars: [UInt32]
    var start: UInt32
    var end: UInt32
  }
  private(set) var words: [Word] = []
  private var isOpen = false

  mutating func add(_ scalar: UInt32, from start: UInt32, to end: UInt32) {
    if isOpen {
      words[words.count - 1].scalars.append(scalar)
      words[words.count - 1].end = end
    } else {
      words.append(Word(scalars: [scalar], start: start, end: end))
      isOpen = true
    }
  }

  mutating func endWord() { isOpen = false }
}
