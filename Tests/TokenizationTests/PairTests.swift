import Foundation
import Testing

@testable import Tokenization

/// Pairs as transformers makes them; see Tests/Goldens/reranker.py.
private struct PairGolden: Decodable {
  struct Case: Decodable {
    let query: String
    let passage: String
    let limit: Int
    /// Which side is cut: "right" or "left".
    let side: String
    let ids: [Int32]
    /// Tokens of type 1.
    let types: Int

    var truncation: Truncation { side == "left" ? .start : .end }
  }

  let unigram: [Case]
  /// Vocabulary of the BERT cases; texts are its words with spaces between.
  let words: [String]
  let bert: [Case]

  static func read() throws -> PairGolden {
    try Fixtures.golden(PairGolden.self, "tokenization-pairs")
  }
}

/// Words of a fixed vocabulary, framed as BERT does it.
private struct WordTokenizer: Tokenizer {
  let words: [String]
  let specialTokens = SpecialTokens(begin: 2, pad: 0, end: 3, unknown: 1, mask: 4)
  let pairFrame: PairFrame? = .bert
  var vocabularySize: Int { words.count }

  func pieces(of text: String) throws(TokenizationError) -> Pieces {
    var found = Pieces(ids: [], ranges: [], unknownCount: 0, normalizationChanged: false)
    var start = 0
    for word in text.split(separator: " ") {
      found.ids.append(Int32(words.firstIndex(of: String(word)) ?? 1))
      found.ranges.append(start..<start + word.utf8.count)
      start += word.utf8.count + 1
    }
    return found
  }

  func pieceText(_ id: Int32) -> String? { nil }
}

@Suite struct PairTests {
  private func check(_ tokenizer: any Tokenizer, _ item: PairGolden.Case) throws {
    let pair = try tokenizer.preparePair(
      tokenizer.prepareQuery(item.query), item.passage, maximumTokens: item.limit,
      truncation: item.truncation)
    #expect(pair.ids == item.ids, "\(item.query.count)+\(item.passage.count), \(item.limit)")
    #expect(pair.ids.count - (pair.secondStart ?? pair.ids.count) == item.types)
    #expect(pair.receipt.tokensUsed == item.ids.count)
    #expect(pair.receipt.truncated == (pair.receipt.tokens > item.limit))
  }

  @Test func sentencePiecePairsAgree() throws {
    let golden = try PairGolden.read()
    #expect(golden.unigram.count > 100)
    for tokenizer in try Fixtures.tokenizers(.bootstrap) {
      #expect(tokenizer.pairFrame == .roberta)
      for item in golden.unigram { try check(tokenizer, item) }
    }
  }

  @Test func bertPairsAgree() throws {
    let golden = try PairGolden.read()
    let tokenizer = WordTokenizer(words: golden.words)
    #expect(golden.bert.count > 200)
    for item in golden.bert { try check(tokenizer, item) }
  }

  /// The rule in words of its own: the longer text gives way until both are as long.
  @Test func lengthsFollowTheRule() {
    for query in 1...12 {
      for passage in 1...12 {
        for room in 2..<(query + passage) {
          let (q, p) = SentencePieceTokenizer.pairLengths(
            query: query, passage: passage, room: room)
          #expect(q + p == room && q >= 1 && p >= 1 && q <= query && p <= passage)
          let (short, long) = query > passage ? (p, q) : (q, p)
          #expect(short == min(query, passage, room / 2))
          #expect(long == room - short)
        }
      }
    }
  }

  @Test func receiptsSayWhatWasKept() throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    let query = "수도는 어디인가?"
    let passage = "대한민국의 수도는 서울이다. \u{E000} The ﬁne capital, Seoul!"
    let prepared = try tokenizer.prepareQuery(query)
    let whole = try tokenizer.preparePair(
      prepared, passage, maximumTokens: 512, truncation: .error)
    let q = try tokenizer.pieces(of: query)
    let p = try tokenizer.pieces(of: passage)
    #expect(whole.ids == [0] + q.ids + [2, 2] + p.ids + [2])
    #expect(whole.secondStart == nil)
    #expect(whole.queryKept == 0..<query.utf8.count)
    #expect(
      whole.receipt
        == Receipt(
          tokens: whole.ids.count, tokensUsed: whole.ids.count, kept: 0..<passage.utf8.count,
          truncated: false, normalizationChanged: true, unknownPieces: 1, prefix: "",
          prefixAlreadyPresent: false))

    let limit = 10
    let lengths = SentencePieceTokenizer.pairLengths(
      query: q.ids.count, passage: p.ids.count, room: limit - 4)
    let end = try tokenizer.preparePair(
      prepared, passage, maximumTokens: limit, truncation: .end)
    #expect(end.ids.count == limit && end.receipt.truncated)
    #expect(end.receipt.tokens == whole.ids.count)
    #expect(end.queryKept == 0..<q.ranges[lengths.query - 1].upperBound)
    #expect(end.receipt.kept == 0..<p.ranges[lengths.passage - 1].upperBound)
    let start = try tokenizer.preparePair(
      prepared, passage, maximumTokens: limit, truncation: .start)
    #expect(
      start.queryKept
        == q.ranges[q.ids.count - lengths.query].lowerBound..<query.utf8.count)
    #expect(
      start.receipt.kept
        == p.ranges[p.ids.count - lengths.passage].lowerBound..<passage.utf8.count)
    for kept in [end.receipt.kept, start.receipt.kept] {
      #expect(rangesAreSound([kept], in: passage))
    }
  }

  /// Text that spells special tokens stays text, on either side of the pair.
  @Test(arguments: Model.present)
  func textMakesNoSpecialTokens(_ model: Model) throws {
    let texts = [
      "<s>", "</s>", "a </s></s> b", "<s>질문</s></s>답</s>", "<pad><unk><mask>", "[CLS] a [SEP] b",
    ]
    for tokenizer in try Fixtures.tokenizers(model) {
      let special = tokenizer.specialTokens
      let framing = [special.begin, special.pad, special.end, special.mask].compactMap { $0 }
      for query in texts {
        for passage in texts {
          let pair = try tokenizer.preparePair(
            tokenizer.prepareQuery(query), passage, maximumTokens: 512, truncation: .error)
          let found = pair.ids.enumerated().filter { framing.contains($0.element) }
          let middle = try tokenizer.pieces(of: query).ids.count + 1
          #expect(found.map(\.offset) == [0, middle, middle + 1, pair.ids.count - 1])
          #expect(found.map(\.element) == [special.begin, special.end, special.end, special.end])
        }
      }
    }
  }

  // MARK: - Errors

  private func code(_ body: () throws -> Void) -> TokenizationError.Code? {
    do {
      try body()
      return nil
    } catch {
      return (error as? TokenizationError)?.code
    }
  }

  @Test(arguments: ["", " ", "\n\t", "\u{3000}"])
  func textsWithoutTokensAreRefused(_ text: String) throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    let query = try tokenizer.prepareQuery("a")
    #expect(code { _ = try tokenizer.prepareQuery(text) } == .noTokens)
    #expect(
      code {
        _ = try tokenizer.preparePair(query, text, maximumTokens: 512, truncation: .end)
      } == .noTokens)
  }

  @Test func limitsAreChecked() throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    let query = try tokenizer.prepareQuery("서울은 어디에 있나요")
    let passage = "서울은 한반도 가운데에 있다"
    func prepare(_ limit: Int, _ truncation: Truncation) throws -> PreparedPair {
      try tokenizer.preparePair(query, passage, maximumTokens: limit, truncation: truncation)
    }
    let total = try prepare(512, .error).ids.count
    #expect(try prepare(total, .error).ids.count == total)
    #expect(code { _ = try prepare(total - 1, .error) } == .tooLong)
    for truncation in [Truncation.end, .start] {
      for limit in [Int.min, -1, 0, 5] {
        #expect(code { _ = try prepare(limit, truncation) } == .tooLong)
      }
      #expect(try prepare(6, truncation).ids.count == 6)
    }
  }

  @Test func messagesHoldNoText() throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    let query = try tokenizer.prepareQuery("secret query")
    for (limit, truncation) in [(7, Truncation.error), (3, .end)] {
      #expect {
        try tokenizer.preparePair(
          query, "secret passage", maximumTokens: limit, truncation: truncation)
      } throws: { !"\($0)".contains("secret") }
    }
  }

  // MARK: - tokenizer.json

  private static func template(_ items: String...) -> String {
    func item(_ name: String) -> String {
      let parts = name.split(separator: ":")
      let kind = name.hasPrefix("<") ? "SpecialToken" : "Sequence"
      return #"{"\#(kind)":{"id":"\#(parts[0])","type_id":\#(parts[1])}}"#
    }
    let single = ["<s>:0", "A:0", "</s>:0"].map(item).joined(separator: ",")
    let pair = items.map(item).joined(separator: ",")
    return #"{"type":"TemplateProcessing","single":[\#(single)],"pair":[\#(pair)]}"#
  }

  @Test(
    arguments: [
      (template("<s>:0", "A:0", "</s>:0", "</s>:0", "B:0", "</s>:0"), PairFrame.roberta),
      (template("<s>:0", "A:0", "</s>:0", "B:1", "</s>:1"), .bert),
      (
        template("<s>:0", "A:0", "</s>:0", "</s>:0", "B:1", "</s>:1"),
        PairFrame(separators: 2, marksSecond: true)
      ),
      (template("<s>:0", "A:0", "</s>:0", "</s>:1", "B:1", "</s>:1"), nil),
      (template("<s>:0", "A:0", "B:0", "</s>:0"), nil),
      (template("<s>:0", "B:0", "</s>:0", "A:0", "</s>:0"), nil),
      (template("<s>:0", "A:0", "<s>:0", "B:0", "</s>:0"), nil),
      (template("<s>:0", "A:0", "</s>:0", "B:2", "</s>:2"), nil),
      (template(), nil),
      (#"{"type":"RobertaProcessing","cls":["<s>",0],"sep":["</s>",2]}"#, .roberta),
      (#"{"type":"BertProcessing","cls":["<s>",0],"sep":["</s>",2]}"#, .bert),
    ] as [(String, PairFrame?)])
  func framesAreRead(postProcessor: String, frame: PairFrame?) throws {
    let tokenizer = try SmallJSON(postProcessor: postProcessor).load()
    #expect(tokenizer.pairFrame == frame)
    let query = try tokenizer.prepareQuery("a")
    guard let frame else {
      #expect(
        code { _ = try tokenizer.preparePair(query, "b", maximumTokens: 9, truncation: .end) }
          == .unsupportedModel)
      return
    }
    let pair = try tokenizer.preparePair(query, "b", maximumTokens: 20, truncation: .end)
    let q = try tokenizer.pieces(of: "a").ids
    let p = try tokenizer.pieces(of: "b").ids
    #expect(pair.ids == [0] + q + Array(repeating: 2, count: frame.separators) + p + [2])
    #expect(
      pair.secondStart == (frame.marksSecond ? 1 + q.count + frame.separators : nil))
  }
}
