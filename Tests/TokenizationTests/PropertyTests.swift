import Foundation
import Testing

@testable import Tokenization

/// What must hold for every text.
@Suite struct PropertyTests {
  /// Texts of the goldens, and random ones drawn from all of Unicode.
  static func texts() throws -> [String] {
    var generator = SeededGenerator(state: 7)
    let blocks: [ClosedRange<UInt32>] = [
      0...0x7F, 0x80...0x24F, 0x300...0x36F, 0x590...0x6FF, 0x1100...0x11FF, 0x2000...0x206F,
      0x3040...0x30FF, 0x4E00...0x9FFF, 0xAC00...0xD7A3, 0xE000...0xF8FF, 0xFF00...0xFFFF,
      0x1F300...0x1FAFF, 0...0x10FFFF,
    ]
    let random = (0..<400).map { _ in
      var text = String.UnicodeScalarView()
      for _ in 0..<Int.random(in: 0...60, using: &generator) {
        let block = blocks[Int.random(in: 0..<blocks.count, using: &generator)]
        if let scalar = Unicode.Scalar(UInt32.random(in: block, using: &generator)) {
          text.append(scalar)
        }
        if Int.random(in: 0..<5, using: &generator) == 0 { text.append(" ") }
      }
      return String(text)
    }
    return try GoldenCases.texts() + random
  }

  @Test(arguments: Model.present)
  func rangesAreSoundAndNoSpecialTokenAppears(_ model: Model) throws {
    let tokenizer = try Fixtures.tokenizer(model)
    let special = tokenizer.specialTokens
    let forbidden = [special.begin, special.pad, special.end, special.mask]
    for text in try Self.texts() {
      let pieces = try tokenizer.pieces(of: text)
      #expect(pieces.ids.count == pieces.ranges.count)
      #expect(rangesAreSound(pieces.ranges, in: text), "\(text.debugDescription)")
      #expect(pieces.ids.allSatisfy { $0 < tokenizer.vocabularySize && !forbidden.contains($0) })
      #expect(pieces.ids.allSatisfy { tokenizer.pieceText($0) != nil })
    }
  }

  @Test(arguments: Model.present)
  func bothLoadPathsAgree(_ model: Model) throws {
    let tokenizers = try Fixtures.tokenizers(model)
    for text in try Self.texts() {
      #expect(try tokenizers[0].pieces(of: text) == tokenizers[1].pieces(of: text))
    }
    let size = tokenizers[0].vocabularySize
    #expect(tokenizers[1].vocabularySize == size)
    #expect(tokenizers[0].specialTokens == tokenizers[1].specialTokens)
    for id in stride(from: Int32(0), to: Int32(size), by: 97) {
      let texts = tokenizers.map { $0.pieceText(id).map { Array($0.utf8) } }
      #expect(texts[0] == texts[1])
    }
  }

  @Test(arguments: Model.present)
  func typedSpecialTokensStayText(_ model: Model) throws {
    let tokenizer = try Fixtures.tokenizer(model)
    let special = tokenizer.specialTokens
    for name in ["<s>", "<pad>", "</s>", "<unk>", "<mask>", "<s>a</s>", "a<mask>b", "<unk> <pad>"] {
      let pieces = try tokenizer.pieces(of: name)
      #expect(pieces.ids.count > 1)
      #expect(pieces.unknownCount == 0)
      #expect(!pieces.ids.contains { $0 <= special.unknown || $0 == special.mask })
      let prepared = try tokenizer.prepare(
        name, prefix: "", maximumTokens: 512, truncation: .error)
      #expect(prepared.ids.filter { $0 == special.begin }.count == 1)
      #expect(prepared.ids.filter { $0 == special.end }.count == 1)
    }
  }

  /// All syllables: decomposed into L V or L V T, alone and within a word.
  @Test(arguments: Model.present)
  func decomposedHangulHasTheIDsOfComposed(_ model: Model) throws {
    let tokenizer = try Fixtures.tokenizer(model)
    var syllables = 0
    for value in UInt32(0xAC00)...0xD7A3 {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let index = value - 0xAC00
      var parts = [0x1100 + index / 588, 0x1161 + index % 588 / 28]
      if index % 28 > 0 { parts.append(0x11A7 + index % 28) }
      let composed = String(Character(scalar))
      let decomposed = String(
        String.UnicodeScalarView(parts.compactMap { Unicode.Scalar($0) }))
      for frame in [("", ""), ("한", "글 a")] {
        let whole = try tokenizer.pieces(of: frame.0 + composed + frame.1)
        let apart = try tokenizer.pieces(of: frame.0 + decomposed + frame.1)
        #expect(whole.ids == apart.ids, "U+\(String(value, radix: 16))")
        #expect(apart.normalizationChanged && !whole.normalizationChanged)
      }
      syllables += 1
    }
    #expect(syllables == 11172)
  }

  @Test(arguments: [
    ("Hello World", false), ("안녕하세요, 세계!", false), ("a b", false), ("鹂\u{E000}", false),
    ("a▁b", false), ("▁", true), (" a", true), ("a ", true), ("a  b", true), ("a\tb", true),
    ("a\u{200B}b", true), ("ﬁ", true), ("ｶﾞ", true), ("e\u{301}", true), ("Ａ", true),
    ("a\u{1}b", true), ("", false), (" ", true),
  ])
  func normalizationChange(_ item: (text: String, changed: Bool)) throws {
    for model in Model.present {
      let pieces = try Fixtures.tokenizer(model).pieces(of: item.text)
      #expect(pieces.normalizationChanged == item.changed, "\(item.text.debugDescription)")
    }
  }

  @Test func eightThreadsAgreeWithOne() async throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    let texts = try Self.texts()
    let expected = try texts.map { try tokenizer.pieces(of: $0) }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for thread in 0..<8 {
        group.addTask {
          // Each starts elsewhere, so that different texts meet.
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

  /// SentencePiece joins unknown characters in quadratic time; this must stay linear.
  @Test func longTexts() throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    let unknown = String(repeating: "\u{E000}", count: 700_000)
    let pieces = try tokenizer.pieces(of: unknown)
    #expect(pieces.ids.last == 3 && pieces.unknownCount == 1)
    #expect(pieces.ranges.last?.upperBound == unknown.utf8.count)

    let words = String(repeating: "긴 텍스트 long text ", count: 100_000)
    let prepared = try tokenizer.prepare(
      words, prefix: "query: ", maximumTokens: 512, truncation: .end)
    #expect(prepared.ids.count == 512)
    #expect(prepared.receipt.tokens > 400_000)

    let oneWord = String(repeating: "a", count: 3_000_000)
    #expect(try tokenizer.pieces(of: oneWord).ranges.last?.upperBound == 3_000_000)
    #expect(throws: TokenizationError.self) {
      try tokenizer.pieces(of: String(repeating: "a", count: (16 << 20) + 1))
    }
  }
}
