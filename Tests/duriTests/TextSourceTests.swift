import Foundation
import Testing

@testable import duri

@Suite struct TextSourceTests {
  private func all(_ source: TextSource) -> [String] {
    var texts = source.makeIterator()
    return texts.next(100)
  }

  @Test func filesAreReadByLineAndWordsAreTexts() throws {
    let path = NSTemporaryDirectory() + "duri-\(UUID().uuidString).txt"
    try Data("하나\r\n\n셋".utf8).write(to: URL(fileURLWithPath: path))
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(all(TextSource(arguments: ["앞", path, "뒤"])) == ["앞", "하나", "", "셋", "뒤"])
  }

  /// Texts that came from stdin once must not be looked for there, or in a file, a second time.
  @Test func textsReadAlreadyStayTexts() {
    let texts = ["-", #filePath, ""]
    #expect(all(TextSource(texts: texts)) == texts)
  }
}
