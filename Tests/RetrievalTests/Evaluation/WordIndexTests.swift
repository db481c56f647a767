import Foundation
import Testing

@testable import Retrieval

@Suite struct WordIndexTests {
  private func index(_ texts: [String]) -> WordIndex {
    var index = WordIndex()
    for (number, text) in texts.enumerated() { index.add(id: "\(number)", text: text) }
    return index
  }

  @Test func scoresAreThoseOfTheFormula() {
    let found = index(["apple pear", "apple apple plum", "fig", "melon grape"])
      .search("apple", limit: 10)
    // Two of four documents have the word: log(2.5 / 2.5) is 0, which counts for 1e-6.
    func score(_ times: Double, _ length: Double) -> Float {
      Float(1e-6 * times * 2.2 / (times + 1.2 * (0.25 + 0.75 * length / 2)))
    }
    #expect(found == [Hit(id: "1", score: score(2, 3)), Hit(id: "0", score: score(1, 2))])
    let rare = index(["apple pear", "plum", "fig", "melon grape"]).search("plum", limit: 10)
    #expect(rare.map(\.id) == ["1"])
    let expected = log(3.5 / 1.5) * 2.2 / (1 + 1.2 * (0.25 + 0.75 / 1.5))
    #expect(abs(Double(rare[0].score) - expected) < 1e-6)
  }

  @Test func particlesDoNotHideANoun() {
    let found = index(["서울은 크다", "부산은 바다다", "제주에 갔다"]).search("서울에서", limit: 10)
    #expect(found.map(\.id) == ["0"])
  }

  @Test func limitAndConditionHold() {
    let all = index(["fig one", "fig two", "fig three", "plum", "plum", "plum", "plum", "plum"])
    #expect(all.search("fig", limit: 2).count == 2)
    #expect(all.search("fig", limit: 9, where: { $0 == 1 }).map(\.id) == ["1"])
    #expect(all.search("fig", limit: 0).isEmpty)
    #expect(WordIndex().search("fig", limit: 5).isEmpty)
    #expect(all.search("…", limit: 5).isEmpty)
  }
}

@Suite struct JudgementFileTests {
  @Test func linesAreRead() throws {
    let text = "query-id\tcorpus-id\tscore\r\nq1\td1\t1\r\nq1\td2\t0\r\n\r\nq2\td1\t2\n"
    #expect(try JudgementFile.parse(text) == ["q1": ["d1": 1, "d2": 0], "q2": ["d1": 2]])
    #expect(try JudgementFile.parse("q\td\t1.0") == ["q": ["d": 1]])
    #expect(try JudgementFile.parse("") == [:])
  }

  @Test(arguments: ["q\td\t1\nq\td\n", "h\th\th\nq\td\tmuch\n", "q\td\t1\nq\td\t0.5\n"])
  func faultsNameTheLine(text: String) {
    let error = #expect(throws: RetrievalError.self) { try JudgementFile.parse(text) }
    #expect(error?.message.contains("line 2") == true)
  }
}
