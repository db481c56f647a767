import Foundation
import Testing
import WireFormats

@Suite struct JSONWriterTests {
  private func written(_ write: (inout JSONWriter) -> Void) -> String {
    var json = JSONWriter()
    write(&json)
    return String(decoding: json.bytes, as: UTF8.self)
  }

  @Test func commasStandBetweenFieldsAndElementsOnly() {
    let text = written { json in
      json.object { json in
        json.field("a", 1)
        json.object("b") { _ in }
        json.array("c", [1, 2]) { $0.int($1) }
        json.field("d", ["x", "y"])
        json.field("e", true)
      }
    }
    #expect(text == #"{"a":1,"b":{},"c":[1,2],"d":["x","y"],"e":true}"#)
  }

  @Test func everyStringReadsBack() throws {
    var text = "\"\\/ 한국어 🙂 \u{2028}\u{7F}e\u{301}"
    for control in UInt8(0)..<0x20 { text.unicodeScalars.append(Unicode.Scalar(control)) }
    let body = written { json in json.array([text, ""]) { $0.string($1) } }
    let read = try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String]
    #expect(read == [text, ""])
  }

  @Test(arguments: 0..<8) func bytesAreWrittenAsBase64(_ count: Int) {
    let bytes = (0..<count).map { UInt8($0 * 37 & 255) }
    #expect(written { $0.base64(bytes) } == "\"\(Data(bytes).base64EncodedString())\"")
  }

  @Test(arguments: [
    (0, "0"), (1990, "1990"), (-3, "-3"), (0.1, "0.1"), (1e300, "1e+300"), (.nan, "null"),
    (-.infinity, "null"), (9_007_199_254_740_992, "9007199254740992"),
  ] as [(Double, String)])
  func aDoubleIsWritten(_ number: Double, _ expected: String) {
    #expect(written { $0.double(number) } == expected)
  }

  @Test func linesStandAlone() {
    let text = written { json in
      for number in 1...2 {
        json.object { $0.field("n", number) }
        json.endLine()
      }
    }
    #expect(text == "{\"n\":1}\n{\"n\":2}\n")
  }
}
