import Foundation
import StoreTestSupport
import Testing

@testable import Retrieval

@Suite struct LexicalTokensTests {
  @Test(arguments: [
    ("서울", ["서울"]),
    ("서울은", ["서울", "울은", "서울은"]),
    ("서울에서", ["서울"]),
    ("집은", ["집은", "집"]),
    ("집에서", ["집에", "에서", "집", "집에서"]),
    ("국제회의에서", ["국제", "제회", "회의", "국제회의"]),
    ("회의", ["회의", "회"]),
    ("은 는 에서", []),
    ("AI는", ["ai"]),
    ("3월", ["3", "월"]),
    ("1,000,000원", ["1000000", "원"]),
    ("1,00", ["1", "00"]),
    ("1, 000", ["1", "000"]),
    ("Seoul's cats", ["seoul", "cat"]),
    ("cities boxes classes bus glass this", ["city", "box", "class", "bus", "glass", "this"]),
    ("Café NAÏVE", ["cafe", "naive"]),
    ("東京都", ["東京", "京都"]),
    ("", []), ("?!. \u{0}", []),
  ])
  func tokens(_ text: String, _ expected: [String]) {
    #expect(lexicalTokens(text) == expected)
  }

  @Test(arguments: [
    ("서울은", ["서울", "서울은"]), ("학교가 학교가", ["학교", "학교가"]), ("집은", ["집", "집은"]),
    ("서울에서는", ["서울"]), ("은 는", []), ("boxes box", ["box"]),
  ])
  func queryTokens(_ text: String, _ expected: [String]) {
    #expect(lexicalQueryTokens(text) == expected)
  }

  /// English words of one noun meet.
  @Test(arguments: [
    ("cat", "cats"), ("city", "cities"), ("box", "boxes"), ("church", "churches"), ("class", "classes"),
    ("movie", "movies"), ("house", "houses"), ("cache", "caches"), ("size", "sizes"), ("potato", "potatoes"),
    ("shoe", "shoes"), ("toe", "toes"), ("day", "days"), ("axe", "axes"),
  ])
  func pluralMeetsSingular(_ singular: String, _ plural: String) {
    #expect(lexicalTokens(singular) == lexicalTokens(plural))
  }

  /// Every noun with every particle shares a token with the noun alone, whichever of them is asked for.
  @Test func particlesHideNoNoun() {
    let nouns = ["서울", "회의", "사과", "고양이", "집", "나라", "국제회의", "도로", "마을", "초등학교"]
    let particles = [
      "은", "는", "이", "가", "을", "를", "의", "에", "에서", "으로", "로", "와", "과", "도", "만", "까지", "부터",
      "에게", "한테", "처럼", "보다", "에서는", "에서도", "으로부터", "에게서",
    ]
    for noun in nouns {
      for particle in particles {
        let (bare, inflected) = (Set(lexicalTokens(noun)), Set(lexicalTokens(noun + particle)))
        #expect(!bare.isDisjoint(with: lexicalQueryTokens(noun + particle)), "\(noun + particle)")
        #expect(!inflected.isDisjoint(with: lexicalQueryTokens(noun)), "\(noun + particle)")
      }
    }
  }

  /// A question's words are a document's: nobody asks for a token that no document can have.
  @Test func tokensAreLettersAndDigits() {
    var generator = StoreGenerator(8)
    let pieces = [
      "서울", "은", "에서", "a", "Bs", "é", "ß", "İ", "1", ",", "'", "\u{2019}", "s", " ", "\"", "東", "カ",
      "\u{3099}",
      "ｶ", "\u{1F9E1}", "\u{200D}", "\u{0}", "\u{1112}", "\u{1161}", "ㅋ", "𠀀", "ก็", "²", "ﬁ", "\n",
    ]
    for _ in 0..<3_000 {
      let text = (0..<Int.random(in: 0..<10, using: &generator)).map { _ in
        pieces[Int.random(in: 0..<pieces.count, using: &generator)]
      }.joined()
      let document = lexicalTokens(text)
      for token in document {
        #expect(!token.isEmpty)
        #expect(
          !token.unicodeScalars.contains {
            $0.value < 0x80 && !$0.properties.isAlphabetic && !("0"..."9").contains($0)
          })
      }
      let query = lexicalQueryTokens(text)
      #expect(Set(query).count == query.count)
      #expect(Set(query).isSubset(of: document), "\(text)")
    }
  }

  @Test func longRunsStayBounded() {
    let tokens = lexicalTokens(
      String(repeating: "가", count: 10_000) + " " + String(repeating: "x", count: 10_000))
    #expect(tokens.allSatisfy { $0.unicodeScalars.count <= 64 })
    #expect(tokens.count <= 10_001)
  }
}
