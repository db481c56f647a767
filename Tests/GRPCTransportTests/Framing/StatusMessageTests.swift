import HTTP2
import Testing

@testable import GRPCTransport

struct StatusMessageTests {
  @Test(arguments: [
    ("", ""), ("plain text", "plain text"), ("100%", "100%25"), ("두리", "%EB%91%90%EB%A6%AC"),
    ("a\nb\u{7F}", "a%0Ab%7F"), (" a ", "%20a%20"), (" ", "%20"), ("  ", "%20%20"),
    ("é😀", "%C3%A9%F0%9F%98%80"),
  ])
  func encodes(_ message: String, _ value: String) {
    #expect(StatusMessage.encode(message) == value)
    #expect(StatusMessage.decode(value) == message)
  }

  @Test(arguments: [
    ("%", "%"), ("%2", "%2"), ("%zz", "%zz"), ("a%2", "a%2"), ("%4G%41", "%4GA"), ("%%41", "%A"),
    ("%e2%82%ac", "€"), ("raw 두리", "raw 두리"), ("%FF", "\u{FFFD}"),
  ])
  func decodesWhatOthersSend(_ value: String, _ message: String) {
    #expect(StatusMessage.decode(value) == message)
  }

  @Test func everyScalarBelow2048RoundTrips() throws {
    for value in 0..<0x800 {
      let message = "x\(try #require(Unicode.Scalar(UInt32(value))))"
      let encoded = StatusMessage.encode(message)
      #expect(encoded.utf8.allSatisfy { (0x20...0x7E).contains($0) })
      #expect(StatusMessage.decode(encoded) == message)
    }
  }

  @Test func aLongMessageIsCutBetweenCharacters() {
    for shift in 0..<9 {
      let message = String(repeating: "a", count: shift) + String(repeating: "두", count: 1_000)
      let encoded = StatusMessage.encode(message)
      #expect(encoded.utf8.count <= StatusMessage.maximumBytes)
      #expect(encoded.utf8.count > StatusMessage.maximumBytes - 12)
      #expect(message.hasPrefix(StatusMessage.decode(encoded)))
    }
    let spaces = StatusMessage.encode(String(repeating: " ", count: 10_000))
    #expect(spaces.hasSuffix(" %20"))
    #expect(spaces.utf8.count <= StatusMessage.maximumBytes)
  }

  /// A value HTTP/2 refuses would leave the client without a status.
  @Test(arguments: ["", " ", " x", "x ", "\t", "\r\n", "\0", "두리 ", "%"])
  func theValueCanBeSent(_ message: String) throws {
    let session = try Session(role: .client)
    _ = try session.openRequest(
      [Session.Header(name: "grpc-message", value: StatusMessage.encode(message))], endStream: true)
  }
}
