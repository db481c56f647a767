import Testing

@testable import Tokenization

@Suite struct PrepareTests {
  static let text = "대한민국의 수도는 서울이다. The ﬁne capital, Seoul!"

  @Test func framesPrefixAndText() throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    let prepared = try tokenizer.prepare(
      Self.text, prefix: "query: ", maximumTokens: 512, truncation: .error)
    let whole = try tokenizer.pieces(of: "query: " + Self.text)
    #expect(prepared.ids == [0] + whole.ids + [2])
    #expect(rangesAreSound(prepared.ranges, in: Self.text))
    let own = prepared.ranges.filter { !$0.isEmpty }
    #expect(own.first?.lowerBound == 0)
    #expect(own.last?.upperBound == Self.text.utf8.count)
    #expect(
      prepared.receipt
        == Receipt(
          tokens: whole.ids.count + 2, tokensUsed: whole.ids.count + 2,
          kept: 0..<Self.text.utf8.count, truncated: false, normalizationChanged: true,
          unknownPieces: 0, prefix: "query: ", prefixAlreadyPresent: false))
  }

  @Test func prefixIsNotAddedTwice() throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    let bare = try tokenizer.prepare(
      "서울", prefix: "query: ", maximumTokens: 512, truncation: .error)
    let given = try tokenizer.prepare(
      "query: 서울", prefix: "query: ", maximumTokens: 512, truncation: .error)
    #expect(bare.ids == given.ids)
    #expect(!bare.receipt.prefixAlreadyPresent && given.receipt.prefixAlreadyPresent)
    #expect(given.receipt.kept == 0..<13)
    #expect(given.ranges.dropLast().last?.upperBound == 13)
    // Other bytes are no prefix, even if they look alike.
    for text in ["Query: 서울", "query:서울", " query: 서울"] {
      let other = try tokenizer.prepare(
        text, prefix: "query: ", maximumTokens: 512, truncation: .error)
      #expect(!other.receipt.prefixAlreadyPresent)
      #expect(other.ids == [0] + (try tokenizer.pieces(of: "query: " + text).ids) + [2])
    }
    // "é" decomposed is canonically equal to "é" composed, but not the same prefix.
    let accent = try tokenizer.prepare(
      "e\u{301}: x", prefix: "é: ", maximumTokens: 512, truncation: .error)
    #expect(!accent.receipt.prefixAlreadyPresent)
  }

  @Test(arguments: ["", " ", "\n\t ", "\u{200B}", "\u{3000}", "\0", "query: ", "query:   "])
  func textWithoutPieces(_ text: String) throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    // U+0000 is an unknown character to SentencePiece, not nothing.
    if text == "\0" {
      #expect(
        try tokenizer.prepare(text, prefix: "", maximumTokens: 9, truncation: .end).ids.count > 2)
      return
    }
    #expect {
      try tokenizer.prepare(text, prefix: "query: ", maximumTokens: 512, truncation: .end)
    } throws: { ($0 as? TokenizationError)?.code == .noTokens }
  }

  @Test(arguments: ["", "query: ", "Instruct: 문서를 찾으시오\nQuery: "])
  func everyLimit(_ prefix: String) throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    let bytes = Array(Self.text.utf8)
    let whole = try tokenizer.prepare(
      Self.text, prefix: prefix, maximumTokens: 10_000, truncation: .error)
    let prefixTokens =
      prefix.isEmpty ? 0 : try tokenizer.pieces(of: prefix + "x").ids.count - 1
    for limit in -1...(whole.ids.count + 2) {
      for truncation in Truncation.allCases {
        func prepare() throws -> PreparedText {
          try tokenizer.prepare(
            Self.text, prefix: prefix, maximumTokens: limit, truncation: truncation)
        }
        if limit >= whole.ids.count {
          #expect(try prepare() == whole)
          continue
        }
        if truncation == .error || limit < prefixTokens + 3 {
          #expect {
            try prepare()
          } throws: {
            guard let error = $0 as? TokenizationError else { return false }
            let other = truncation == .error ? whole.ids.count : prefixTokens + 2
            return error.code == .tooLong && error.message.contains("\(limit)")
              && error.message.contains("\(other)")
          }
          continue
        }
        let cut = try prepare()
        let receipt = cut.receipt
        #expect(cut.ids.count == limit && cut.ranges.count == limit)
        #expect(cut.ids.first == 0 && cut.ids.last == 2)
        #expect(receipt.tokens == whole.ids.count && receipt.tokensUsed == limit)
        #expect(receipt.truncated && rangesAreSound(cut.ranges, in: Self.text))
        #expect(receipt.normalizationChanged == whole.receipt.normalizationChanged)
        #expect(rangesAreSound([receipt.kept], in: Self.text))
        let head = truncation == .end ? limit - 1 : prefixTokens + 1
        #expect(Array(cut.ids[..<head]) == Array(whole.ids[..<head]))
        let tail = limit - head
        #expect(Array(cut.ids.suffix(tail)) == Array(whole.ids.suffix(tail)))
        let own = cut.ranges.dropFirst(prefixTokens + 1).dropLast()
        #expect(own.first?.lowerBound == (truncation == .end ? 0 : receipt.kept.lowerBound))
        #expect(own.last?.upperBound == receipt.kept.upperBound)
        #expect(truncation == .end || receipt.kept.upperBound == bytes.count)
      }
    }
  }

  @Test func startTruncationKeepsAPrefixThatTheTextCarries() throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    let text = "query: " + Self.text
    let cut = try tokenizer.prepare(
      text, prefix: "query: ", maximumTokens: 8, truncation: .start)
    let added = try tokenizer.prepare(
      Self.text, prefix: "query: ", maximumTokens: 8, truncation: .start)
    #expect(cut.ids == added.ids)
    #expect(cut.receipt.kept.lowerBound == added.receipt.kept.lowerBound + 7)
    #expect(cut.receipt.kept.upperBound == text.utf8.count)
  }

  @Test func receiptSpeaksOfTheTextNotOfThePrefix() throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    func changed(_ text: String) throws -> Bool {
      // The newline of the prefix becomes a space.
      try tokenizer.prepare(
        text, prefix: "Instruct: x\nQuery: ", maximumTokens: 512, truncation: .end
      ).receipt.normalizationChanged
    }
    #expect(try !changed("서울"))
    #expect(try changed(" 서울"))
    #expect(try changed("서울 "))
    #expect(try changed("ﬁ"))
  }

  @Test func unknownPiecesAreCounted() throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    let prepared = try tokenizer.prepare(
      "서울 \u{E000}\u{E001} 서울 \u{E000}", prefix: "query: ", maximumTokens: 512,
      truncation: .end)
    #expect(prepared.receipt.unknownPieces == 2)
  }

  @Test func messagesHoldNoText() throws {
    let tokenizer = try Fixtures.tokenizer(.bootstrap)
    for (limit, truncation) in [(5, Truncation.error), (3, .end)] {
      #expect {
        try tokenizer.prepare(
          "secret text", prefix: "query: ", maximumTokens: limit, truncation: truncation)
      } throws: { !"\($0)".contains("secret") }
    }
  }
}
