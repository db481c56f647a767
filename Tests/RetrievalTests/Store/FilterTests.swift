import StoreTestSupport
import Testing

@testable import Retrieval

@Suite struct FilterTests {
  @Test func readsItsGrammar() throws {
    let text = #"lang == "ko" and tags has "food" and (year >= 1990 or not field in ["a","b"])"#
    #expect(
      try Filter.parse(text)
        == .all([
          .equals(field: "lang", .string("ko")), .has(field: "tags", "food"),
          .any([
            .compare(field: "year", .greaterOrEqual, 1990),
            .not(.oneOf(field: "field", [.string("a"), .string("b")])),
          ]),
        ]))
    #expect(
      try Filter.parse("a==1 or b!=2 and not c<-3.5e2")
        == .any([
          .equals(field: "a", .number(1)),
          .all([.not(.equals(field: "b", .number(2))), .not(.compare(field: "c", .less, -350))]),
        ]))
    #expect(try Filter.parse("\t a.b-c_D  ==\ntrue ") == .equals(field: "a.b-c_D", .bool(true)))
    #expect(
      try Filter.parse("a in [1, \"x\", false]")
        == .oneOf(field: "a", [.number(1), .string("x"), .bool(false)]))
    #expect(try Filter.parse("((a > 1))") == .compare(field: "a", .greater, 1))
    #expect(
      try Filter.parse(#"a == "\"\\가\uD83E\udDE1 and or""#)
        == .equals(field: "a", .string("\"\\가\u{1F9E1} and or")))
    // A keyword is one only as a whole word.
    #expect(try Filter.parse("android == true") == .equals(field: "android", .bool(true)))
  }

  @Test(arguments: [
    "", " ", "a", "a ==", "a == b", "== 1", "a = 1", "a ! 1", "a === 1", "a == 1 b == 2", "a == 1 and",
    "and a == 1", "a == 1 or or b == 1", "not", "(a == 1", "a == 1)", "()", "a in []", "a in [1", "a in 1",
    "a in [1,]", "a has 1", "a < \"x\"", "a < true", "a == \"x", #"a == "\x""#, #"a == "\u12""#,
    #"a == "\uD800""#, #"a == "\uD800A""#, #"a == "\uDC00""#, "a == 1x", "a == --1", "a == 1e999",
    "a == nan", "a == 0x10", "a == inf", "a == .", "1a == 1", "가 == 1", "a == 'x'", "a == [1]", "a & b",
    "a == 1;",
    "true == true", "a not in [1]", "\u{0}",
  ])
  func refusesWhatIsNone(_ text: String) {
    #expect { try Filter.parse(text) } throws: { error in
      guard let error = error as? RetrievalError else { return false }
      return error.code == .invalidArgument && error.message.contains("byte")
        && error.message.contains("expected")
    }
  }

  @Test func errorsNameThePlaceAndNeverTheText() {
    #expect { try Filter.parse(#"secret == "word" and hidden secret"#) } throws: { error in
      let message = "\(error)"
      return message.contains("byte 28") && !message.contains("secret") && !message.contains("hidden")
    }
  }

  @Test func boundsHold() throws {
    func nested(_ depth: Int) -> String {
      String(repeating: "(", count: depth) + "a == 1" + String(repeating: ")", count: depth)
    }
    #expect(try Filter.parse(nested(32)) == .equals(field: "a", .number(1)))
    #expect(throws: RetrievalError.self) { try Filter.parse(nested(33)) }
    #expect(throws: RetrievalError.self) { try Filter.parse(String(repeating: "not ", count: 33) + "a == 1") }
    #expect(throws: RetrievalError.self) { try Filter.parse(String(repeating: "(", count: 16_000)) }
    func terms(_ count: Int) -> String { Array(repeating: "a == 1", count: count).joined(separator: " or ") }
    _ = try Filter.parse(terms(256))
    #expect(throws: RetrievalError.self) { try Filter.parse(terms(257)) }
    let list = Array(repeating: "1", count: 257).joined(separator: ",")
    #expect(throws: RetrievalError.self) { try Filter.parse("a in [\(list)]") }
    let spaces = String(repeating: " ", count: 16 * 1_024 - 6)
    _ = try Filter.parse("a == 1" + spaces)
    #expect(throws: RetrievalError.self) { try Filter.parse("a == 1 " + spaces) }
  }

  /// What can be parsed can be searched with.
  @Test func parsedFiltersPassTheCheck() throws {
    var text = "a == 1"
    for _ in 0..<16 { text = "not (a == 1 or b == 2 and \(text))" }
    try Filter.parse(text).check()
  }

  @Test func randomBytesEndInAFilterOrAnError() {
    var generator = StoreGenerator(4)
    let pieces = [
      "a", "==", "\"", "\\", "u", "(", ")", "[", "]", ",", "not", "and", "or", "has", "in", " ", "1", "-",
      ".",
      "<", ">", "=", "!", "가", "\u{0}", "true",
    ]
    for _ in 0..<5_000 {
      let text = (0..<Int.random(in: 0..<12, using: &generator)).map { _ in
        pieces[Int.random(in: 0..<pieces.count, using: &generator)]
      }.joined()
      do {
        try Filter.parse(text).check()
      } catch {
        #expect(error.code == .invalidArgument)
      }
    }
  }

  @Test func definitionOfMatching() {
    let metadata: Metadata = [
      "s": .string("x"), "n": .number(3), "t": .bool(true), "l": .strings(["x", "y"]),
    ]
    func passes(_ filter: Filter) -> Bool { filter.matches(metadata) }
    #expect(passes(.equals(field: "s", .string("x"))))
    #expect(!passes(.equals(field: "s", .string("X"))))
    #expect(!passes(.equals(field: "s", .number(3))))
    #expect(!passes(.equals(field: "t", .number(1))))
    #expect(passes(.equals(field: "l", .strings(["x", "y"]))))
    #expect(!passes(.equals(field: "l", .strings(["y", "x"]))))
    #expect(!passes(.equals(field: "l", .string("x"))))
    #expect(passes(.has(field: "l", "y")))
    #expect(passes(.has(field: "s", "x")))
    #expect(!passes(.has(field: "n", "3")))
    #expect(passes(.compare(field: "n", .lessOrEqual, 3)))
    #expect(!passes(.compare(field: "n", .less, 3)))
    #expect(!passes(.compare(field: "s", .greaterOrEqual, -1)))
    // An absent field makes a comparison false, and `not` of it true.
    #expect(!passes(.equals(field: "absent", .bool(false))))
    #expect(passes(.not(.compare(field: "absent", .less, 1))))
    #expect(passes(.all([])))
    #expect(!passes(.any([])))
    #expect(!passes(.oneOf(field: "s", [])))
  }
}
