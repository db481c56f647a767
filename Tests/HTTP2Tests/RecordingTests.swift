import Foundation
import Testing

@testable import HTTP2

/// What real clients sent, fed to a server in every way it could be cut.
enum Recording: String, CaseIterable {
  case grpcioUnary = "grpcio-unary"
  case grpcioBidi = "grpcio-bidi"
  case nghttpPost = "nghttp-post"

  func load() throws -> [UInt8] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
    return [UInt8](try Data(contentsOf: folder.appending(path: "Recordings/\(rawValue).bin")))
  }
}

@Suite struct RecordingTests {
  private func events(_ pieces: [ArraySlice<UInt8>]) throws -> Events {
    let server = try Session(role: .server)
    return try pieces.flatMap { try server.receive([UInt8]($0)) }
  }

  @Test(arguments: Recording.allCases)
  func cutsDoNotMatter(recording: Recording) throws {
    let bytes = try recording.load()
    let whole = try events([bytes[...]])
    #expect(!whole.isEmpty)
    for cut in 0...bytes.count {
      let split = try events([bytes[..<cut], bytes[cut...]])
      #expect(split == whole, "cut at \(cut)")
    }
    #expect(try events(bytes.indices.map { bytes[$0...$0] }) == whole, "byte by byte")
  }

  @Test func grpcioUnary() throws {
    let whole = try events([try Recording.grpcioUnary.load()[...]])
    let base64 = "AAECAwQFBgcICQoLDA0ODxAREhM"  // bytes 0 to 19
    for (stream, size) in [(1, 0), (3, 10), (5, 700)] as [(Int32, Int)] {
      let headers = whole.compactMap { event -> [Session.Header]? in
        if case .headers(stream, let headers, false) = event { headers } else { nil }
      }
      #expect(headers.count == 1)
      #expect(headers.first?.contains(.init(":path", "/echo.Echo/Unary")) == true)
      #expect(headers.first?.contains(.init("x-request", "one")) == true)
      #expect(headers.first?.contains(.init("x-data-bin", base64)) == true)
      let prefix: [UInt8] = [0, 0, 0, UInt8(size >> 8), UInt8(size & 0xFF)]
      let expected = prefix + [UInt8](repeating: UInt8(ascii: "u"), count: size)
      #expect(whole.body(stream: stream) == expected)
    }
  }

  @Test func nghttpPost() throws {
    let whole = try events([try Recording.nghttpPost.load()[...]])
    let stream: Int32 = 13
    let line = Array("0123456789abcdef".utf8)
    #expect(whole.body(stream: stream) == (0..<40).flatMap { _ in line })
    #expect(whole.contains(.trailers(stream: stream, [.init("x-trailer", "end")])))
  }

  /// A recorded client is answered on every stream and accepts nothing less than a full exchange.
  @Test(arguments: Recording.allCases)
  func everyStreamCanBeAnswered(recording: Recording) throws {
    let server = try Session(role: .server)
    var opened: Set<Int32> = []
    var closed: Set<Int32> = []
    for event in try server.receive(try recording.load()) {
      switch event {
      case .headers(let stream, _, _):
        opened.insert(stream)
        try server.respond(stream: stream, responseHeaders, endStream: false)
        try server.sendTrailers(stream: stream, okTrailers)
      case .data(let stream, let bytes, _):
        server.consumed(stream: stream, bytes.count)
      default: break
      }
    }
    _ = try server.drainAll()
    for case .streamClosed(let stream, 0) in server.takeEvents() { closed.insert(stream) }
    #expect(opened == closed)
    #expect(server.openStreams == 0)
  }
}
