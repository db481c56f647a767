import Testing

@testable import Tokenization

@Suite struct JSONReaderTests {
  private func parse(_ text: String) -> Result<JSONValue, ModelFault> {
    Array(text.utf8).withUnsafeBufferPointer { bytes in
      Result { () throws(ModelFault) in
        var reader = JSONReader(bytes)
        let value = try reader.value()
        try reader.end()
        return value
      }
    }
  }

  @Test func values() throws {
    let tree = try parse(
      #" {"a":[1,-2.5e1,true,false,null],"b":"x\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00","c":{}} "#
    ).get()
    #expect(tree["a"]?.elements?.count == 5)
    #expect(tree["a"]?.elements?[0].integer == 1)
    #expect(tree["a"]?.elements?[1].integer == -25)
    #expect(tree["a"]?.elements?[2].flag == true)
    #expect(tree["b"]?.isText("x\"\\/\u{8}\u{C}\n\r\té😀") == true)
    #expect(tree["c"] != nil && tree["d"] == nil && tree["c"]?["a"] == nil)
    // Keys and texts are compared as bytes.
    #expect(try parse("{\"\u{212A}\":1}").get()["K"] == nil)
    #expect(try parse("\"e\u{301}\"").get().isText("é") == false)
  }

  @Test(arguments: [
    "", " ", "{", "[", "\"", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "[1,]", "[1 2]", "tru", "nul",
    "\"\\x\"", "\"\\u12\"", "\"\\u12g4\"", "\"\\ud800\"", "\"\\ud800\\u0041\"", "\"\\udc00\"",
    "\"a\nb\"", "-", "1.2.3", "+", "1 1", "{1:2}", "]", "\"abc\\",
  ])
  func malformed(_ text: String) {
    #expect(throws: ModelFault.self) { try parse(text).get() }
  }

  @Test func depthIsLimited() {
    let deep = String(repeating: "[", count: 100_000)
    #expect(throws: ModelFault.self) { try parse(deep).get() }
    let fine = String(repeating: "[", count: 50) + String(repeating: "]", count: 50)
    #expect(throws: Never.self) { try parse(fine).get() }
  }
}
