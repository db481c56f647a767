import Testing

@testable import Tokenization

/// Ids that Python's sentencepiece gives; see Tests/Goldens/tokenization.py.
@Suite struct GoldenTests {
  @Test(arguments: Model.present)
  func committedTexts(_ model: Model) throws {
    let golden = try Fixtures.golden(GoldenCases.self, "tokenization-\(model.rawValue)")
    #expect(golden.cases.count > 200)
    for tokenizer in try Fixtures.tokenizers(model) {
      for item in golden.cases {
        let pieces = try tokenizer.pieces(of: item.text)
        #expect(pieces.ids == item.ids, "\(item.text.debugDescription)")
        let ranges = pieces.ranges.flatMap { [$0.lowerBound, $0.upperBound] }
        #expect(ranges == item.ranges, "\(item.text.debugDescription)")
        #expect(pieces.unknownCount == item.ids.count { $0 == 3 })
      }
    }
  }

  /// Ids published with transformers' tests.
  static let published: [(text: String, ids: [Int32])] = [
    ("Hello World!", [0, 35378, 6661, 38, 2]),
    (
      "The quick brown fox jumps over the lazy dog.",
      [
        0, 581, 63773, 119455, 6, 147797, 88203, 7, 645, 70, 21, 3285, 10269, 5, 2,
      ]
    ),
    (
      "BERT is designed to pre-train deep bidirectional representations from unlabeled text by "
        + "jointly conditioning on both left and right context in all layers.",
      [
        0, 20080, 618, 83, 82775, 47, 479, 9, 1517, 73, 53894, 333, 80581, 110117, 18811, 5256,
        1295, 51, 152526, 297, 7986, 390, 124416, 538, 35431, 214, 98, 15044, 25737, 136, 7108,
        43701, 23, 756, 135355, 7, 5, 2,
      ]
    ),
    (
      "query: how much protein should a female eat",
      [0, 41, 1294, 12, 3642, 5045, 21308, 5608, 10, 117776, 73203, 2]
    ),
    ("<unk>", [0, 4426, 3678, 2740, 2]),
  ]

  @Test(.enabled(if: Fixtures.hasXLMR), arguments: published)
  func publishedIDs(_ item: (text: String, ids: [Int32])) throws {
    for tokenizer in try Fixtures.tokenizers(.xlmr) {
      let prepared = try tokenizer.prepare(
        item.text, prefix: "", maximumTokens: 512, truncation: .error)
      #expect(prepared.ids == item.ids)
    }
  }

  @Test(.enabled(if: Fixtures.hasXLMR))
  func unknownCharacterIsUnknownNotPadding() throws {
    let tokenizer = try Fixtures.tokenizer(.xlmr)
    let pieces = try tokenizer.pieces(of: "这里有一只鹂鸟")
    #expect(pieces.ids.contains(3))
    #expect(!pieces.ids.contains(1))
    #expect(pieces.unknownCount == 1)
    #expect(tokenizer.specialTokens.mask == 250_001)
    #expect(tokenizer.vocabularySize == 250_002)
    #expect(tokenizer.pieceText(4) == ",")
  }
}
