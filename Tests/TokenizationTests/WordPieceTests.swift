import Foundation
import Testing

@testable import Tokenization

/// What a BERT tokenizer does with single texts.
@Suite struct WordPieceTests {
  private func texts(_ tokenizer: WordPieceTokenizer, _ text: String) throws -> [String?] {
    try tokenizer.pieces(of: text).ids.map { tokenizer.pieceText($0) }
  }

  @Test func smallModelBothWays() throws {
    for tokenizer in [try SmallBERT().load(), try SmallBERTJSON().load()] {
      #expect(try texts(tokenizer, "Hello abbc é") == ["hello", "ab", "##bc", "e"])
      #expect(try texts(tokenizer, "ax") == ["[UNK]"])
      #expect(try texts(tokenizer, "").isEmpty)
      #expect(try texts(tokenizer, " \t\u{200B}\0").isEmpty)
      #expect(tokenizer.pairFrame == .bert)
      #expect(
        tokenizer.specialTokens
          == SpecialTokens(begin: 2, pad: 0, end: 3, unknown: 1, mask: 4))
      #expect(tokenizer.pieceText(-1) == nil && tokenizer.pieceText(1000) == nil)
    }
    #expect(try SmallBERT().load().vocabularySize == 30)
    #expect(try SmallBERTJSON().load().vocabularySize == 20)
  }

  /// The longest piece at each place, even where that leaves the rest without one.
  @Test func greedyFromTheLeft() throws {
    var model = SmallBERT()
    model.words += ["abcd", "##d", "##cde"]
    let tokenizer = try model.load()
    #expect(try texts(tokenizer, "abcd") == ["abcd"])
    #expect(try texts(tokenizer, "abcde") == ["[UNK]"])
    #expect(try texts(tokenizer, "abc") == ["ab", "##c"])
    // A piece that goes on with a word begins none, and "##" is not in the text's own alphabet.
    #expect(try texts(tokenizer, "c") == ["[UNK]"])
    #expect(try texts(tokenizer, "##c") == ["[UNK]", "[UNK]", "[UNK]"])
  }

  @Test func rangesPointIntoTheText() throws {
    let tokenizer = try SmallBERT().load()
    let pieces = try tokenizer.pieces(of: "É  abbc\u{301}!각 ☃☃世a")
    #expect(
      pieces.ids.map { tokenizer.pieceText($0) } == [
        "e", "ab", "##bc", "!", "\u{1100}\u{1161}", "##\u{11A8}", "[UNK]", "世", "a",
      ])
    #expect(
      pieces.ranges == [0..<2, 4..<6, 6..<8, 10..<11, 11..<11, 11..<14, 15..<21, 21..<24, 24..<25])
    #expect(pieces.unknownCount == 1)
  }

  @Test(arguments: [
    ("hello ab!", false), ("", false), ("世a가", true), ("世a", false), ("Hello", true), ("é", true),
    ("a\u{301}", true), ("a b", false), (" a", true), ("a ", true), ("a  b", true), ("a\tb", true),
    ("a\u{A0}b", true), ("a\0b", true), ("a\u{200B}b", true), ("[SEP]", true), ("[sep]", false),
  ])
  func normalizationChange(_ item: (text: String, changed: Bool)) throws {
    let pieces = try SmallBERT().load().pieces(of: item.text)
    #expect(pieces.normalizationChanged == item.changed, "\(item.text.debugDescription)")
  }

  @Test func prefixChangesAreNotReported() throws {
    let tokenizer = try SmallBERT().load()
    for (text, changed) in [("ab", false), ("Ab", true), (" ab", true), ("ab ", true)] {
      let prepared = try tokenizer.prepare(
        text, prefix: "Query: ", maximumTokens: 16, truncation: .error)
      #expect(prepared.receipt.normalizationChanged == changed, "\(text.debugDescription)")
      #expect(prepared.ids == [2, 18, 19, 8, 3])
    }
  }

  @Test func truncationKeepsWholeCharacters() throws {
    let tokenizer = try SmallBERT().load()
    let text = "hello 각 각 ab"
    let whole = try tokenizer.prepare(text, prefix: "", maximumTokens: 16, truncation: .error)
    #expect(whole.ids.count == 8 && whole.receipt.kept == 0..<text.utf8.count)
    for truncation in [Truncation.end, .start] {
      for limit in 3..<8 {
        let cut = try tokenizer.prepare(
          text, prefix: "", maximumTokens: limit, truncation: truncation)
        #expect(cut.ids.count == limit && cut.receipt.truncated)
        #expect(cut.ids.first == 2 && cut.ids.last == 3)
        #expect(rangesAreSound([cut.receipt.kept], in: text))
      }
    }
  }

  /// Text that spells special tokens stays text, also where no punctuation splits it.
  @Test func typedSpecialTokensStayText() throws {
    let names = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    for configuration in [["do_lower_case": true], ["do_lower_case": false]] {
      let tokenizer = try SmallBERT(configuration: configuration).load()
      let special = tokenizer.specialTokens
      let framing = [special.begin, special.pad, special.end, special.mask].compactMap { $0 }
      for name in names + ["a [SEP] b", "[CLS][SEP]", "[\u{200B}SEP]", "［SEP］", "[SE\u{301}P]"] {
        let pieces = try tokenizer.pieces(of: name)
        #expect(pieces.ids.count >= 3)
        #expect(!pieces.ids.contains(where: framing.contains))
        let pair = try tokenizer.preparePair(
          tokenizer.prepareQuery(name), name, maximumTokens: 64, truncation: .error)
        #expect(pair.ids.count { $0 == special.end } == 2)
        #expect(pair.secondStart == pieces.ids.count + 2)
      }
    }
    #expect(
      try SmallBERT().load().pieces(of: "[SEP]").ids == [12, 14, 13])
    var json = SmallBERTJSON()
    json.vocabulary += #","turn":20"#
    json.addedTokens += #",{"id":20,"content":"turn","special":true}"#
    #expect(try json.load().pieces(of: "turn a").ids == [1, 5])
  }

  @Test func pairsAreFramedAsBERTDoes() throws {
    let tokenizer = try SmallBERT().load()
    let pair = try tokenizer.preparePair(
      tokenizer.prepareQuery("hello a"), "AB b!", maximumTokens: 16, truncation: .error)
    #expect(pair.ids == [2, 11, 5, 3, 8, 6, 26, 3])
    #expect(pair.secondStart == 4)
    #expect(pair.queryKept == 0..<7 && pair.receipt.kept == 0..<5)
  }

  @Test func eightThreadsAgreeWithOne() async throws {
    let tokenizer = try SmallBERT().load()
    let texts = try PropertyTests.texts()
    let expected = try texts.map { try tokenizer.pieces(of: $0) }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for thread in 0..<8 {
        group.addTask {
          for step in 0..<texts.count {
            let index = (step + thread * 61) % texts.count
            guard try tokenizer.pieces(of: texts[index]) == expected[index] else { return false }
          }
          return true
        }
      }
      for try await agrees in group { #expect(agrees) }
    }
  }

  @Test func rangesAreSoundAndNoSpecialTokenAppears() throws {
    for lowercases in [true, false] {
      let tokenizer = try SmallBERT(configuration: ["do_lower_case": lowercases]).load()
      for text in try PropertyTests.texts() {
        let pieces = try tokenizer.pieces(of: text)
        #expect(pieces.ids.count == pieces.ranges.count)
        #expect(rangesAreSound(pieces.ranges, in: text), "\(text.debugDescription)")
        #expect(!pieces.ids.contains { [0, 2, 3, 4].contains($0) })
        #expect(pieces.unknownCount == pieces.ids.count { $0 == 1 })
      }
    }
  }

  /// Each would take quadratic time or a stack of calls if done carelessly.
  @Test func longTexts() throws {
    let tokenizer = try SmallBERT().load()
    let word = try tokenizer.pieces(of: String(repeating: "a", count: 3_000_000))
    #expect(word.ids == [1] && word.ranges == [0..<3_000_000])
    let marks = "a" + String(repeating: "\u{301}\u{323}", count: 500_000)
    let stripped = try tokenizer.pieces(of: marks)
    #expect(stripped.ids == [5] && stripped.ranges == [0..<1])
    // Marks that are not stripped, in an order that has to be turned round.
    let kept = try tokenizer.pieces(of: "a" + String(repeating: "\u{345}\u{302E}", count: 300_000))
    #expect(kept.ids == [1] && kept.ranges.first?.lowerBound == 0)
    let points = try tokenizer.pieces(of: String(repeating: "!", count: 500_000))
    #expect(points.ids.count == 500_000)
    let limit = 16 << 20
    #expect(try tokenizer.pieces(of: String(repeating: "a", count: limit)).ids == [1])
    #expect(throws: TokenizationError.self) {
      try tokenizer.pieces(of: String(repeating: "a", count: limit + 1))
    }
  }

  /// A word is unknown when it has more than 100 characters after normalisation.
  @Test func wordLimit() throws {
    let tokenizer = try SmallBERT().load()
    func word(_ count: Int) -> String { "a" + String(repeating: "c", count: count - 1) }
    #expect(try tokenizer.pieces(of: word(100)).ids.count == 100)
    #expect(try tokenizer.pieces(of: word(101)).ids == [1])
    #expect(try tokenizer.pieces(of: word(100) + "\u{301}\u{200B}").ids.count == 100)
    var json = SmallBERTJSON()
    json.model = json.model.replacing("100", with: "3")
    #expect(try json.load().pieces(of: "acc accc").ids == [5, 9, 9, 1])
  }
}
