import HTTP2
import Testing

@testable import GRPCTransport

/// What a polite client never sends.
@Suite(.timeLimit(.minutes(1)))
struct RawProtocolTests {
  private static let echo = ["content-type": "application/grpc", ":path": "/test.Control/Echo"]

  private func withRawClient(
    _ configure: (inout GRPCServerConfiguration) -> Void = { _ in },
    _ body: (RawClient, LiveServer) async throws -> Void
  ) async throws {
    try await withServer(configure) { server in
      try await RawClient.connect(to: server) { client in try await body(client, server) }
    }
  }

  /// Sends a body on a new stream and gives the whole response.
  private func exchange(
    _ client: RawClient, _ changes: [String: String?], _ body: [UInt8], endStream: Bool = true
  ) async throws -> RawClient.Response {
    let id = try client.open(changes)
    try client.session.send(stream: id, body, endStream: endStream)
    return try await client.response(on: id)
  }

  private func expectStillServing(_ client: RawClient) async throws {
    let response = try await exchange(client, Self.echo, framed([1, 2]))
    #expect(response.body == framed([1, 2]))
    #expect(response.status == "0")
  }

  // MARK: - Messages

  @Test(arguments: [("gzip", Container.gzip), ("deflate", .zlib)])
  func compressedMessages(_ encoding: String, _ container: Container) async throws {
    try await withRawClient { client, _ in
      let wire = framed(deflated(pattern(100_000), as: container), isCompressed: true)
      let response = try await exchange(
        client, Self.echo.merging(["grpc-encoding": encoding]) { $1 }, wire)
      #expect(response.body == framed(pattern(100_000)))
      #expect(response.status == "0")
    }
  }

  @Test func compressedRubbish() async throws {
    try await withRawClient { client, _ in
      let wire = framed(pattern(1_000), isCompressed: true)
      let response = try await exchange(
        client, Self.echo.merging(["grpc-encoding": "gzip"]) { $1 }, wire)
      #expect(response.status == "13")
      let unnamed = try await exchange(client, Self.echo, wire)
      #expect(unnamed.status == "13")
      try await expectStillServing(client)
    }
  }

  @Test func aSmallMessageThatInflatesBeyondTheLimit() async throws {
    try await withRawClient { client, _ in
      let zeros = deflated([UInt8](repeating: 0, count: 10 << 20), as: .gzip)
      let response = try await exchange(
        client, Self.echo.merging(["grpc-encoding": "gzip"]) { $1 },
        framed(zeros, isCompressed: true))
      #expect(response.status == "8")
      try await expectStillServing(client)
    }
  }

  /// Small messages that are large once inflated count at their full size while their handlers work on them.
  @Test func inflatedBytesAreHeldBytes() async throws {
    try await withRawClient {
      $0.maximumHeldBytes = 10 << 20
    } _: { client, server in
      var script = Script(
        String(repeating: "h", count: 4_000_000), .report("here"), .awaitGate("go"),
        .reply(count: 1, size: 1))
      let changes = [":path": "/test.Control/Unary", "grpc-encoding": "gzip"]
      func call() throws -> Int32 {
        let id = try client.open(changes)
        let wire = framed(deflated(script.bytes, as: .gzip), isCompressed: true)
        try client.session.send(stream: id, wire, endStream: true)
        return id
      }
      let working = [try call(), try call()]
      try await client.flush()
      for _ in working { _ = await server.service.reports.next() }
      #expect(server.server.held.count > 8_000_000)
      #expect(try await client.response(on: try call()).status == "8")
      script.name = "small"
      server.service.open("go")
      #expect(try await client.response(on: try call()).status == "0")
      for id in working { #expect(try await client.response(on: id).status == "0") }
      #expect(server.server.held.count == 0)
    }
  }

  /// Bytes of messages that never become complete are held bytes too.
  @Test func incompleteMessagesAreHeldBytes() async throws {
    try await withRawClient {
      $0.maximumHeldBytes = 1 << 20
    } _: { client, server in
      let part = Array(framed(pattern(600_000)).dropLast())
      let first = try client.open(Self.echo)
      try client.session.send(stream: first, part, endStream: false)
      try await client.run { client.session.bufferedBytes == 0 }
      while server.server.held.count < part.count { await Task.yield() }
      let second = try await exchange(client, Self.echo, part, endStream: false)
      #expect(second.status == "8")
      #expect(server.server.held.count == part.count)
      client.session.reset(stream: first, errorCode: Session.ErrorCode.cancel)
      _ = try await client.response(on: first)
      try await expectStillServing(client)
    }
  }

  @Test func theEndInsideAMessage() async throws {
    try await withRawClient { client, _ in
      for count in [1, 4, 5, 9] {
        let response = try await exchange(
          client, Self.echo, Array(framed(pattern(10))[..<count]))
        #expect(response.status == "13")
      }
      try await expectStillServing(client)
    }
  }

  @Test func aWrongFlagByte() async throws {
    try await withRawClient { client, _ in
      let response = try await exchange(
        client, Self.echo, [7, 0, 0, 0, 1, 1], endStream: false)
      #expect(response.status == "13")
      try await expectStillServing(client)
    }
  }

  @Test func aLengthBeyondTheLimitIsRefusedBeforeItsBytesCome() async throws {
    try await withRawClient { client, _ in
      let response = try await exchange(
        client, Self.echo, [0, 0xFF, 0xFF, 0xFF, 0xFF], endStream: false)
      #expect(response.status == "8")
      try await expectStillServing(client)
    }
  }

  @Test func aUnaryCallWithNoMessageOrSeveral() async throws {
    try await withRawClient { client, _ in
      #expect(try await exchange(client, Self.echo, []).status == "3")
      let id = try client.open(Self.echo, endStream: true)
      #expect(try await client.response(on: id).status == "3")
      #expect(try await exchange(client, Self.echo, framed([1]) + framed([2])).status == "3")
      let unended = try await exchange(
        client, Self.echo, framed([1]) + framed([2]), endStream: false)
      #expect(unended.status == "3")
      try await expectStillServing(client)
    }
  }

  @Test func oneByteInEachFrame() async throws {
    try await withRawClient { client, _ in
      let id = try client.open(Self.echo)
      for byte in framed(pattern(100)) {
        try client.session.send(stream: id, [byte], endStream: false)
        try await client.flush()
      }
      try client.session.send(stream: id, [], endStream: true)
      #expect(try await client.response(on: id).body == framed(pattern(100)))
    }
  }

  @Test func trailersFromTheClientEndItsSide() async throws {
    try await withRawClient { client, _ in
      let id = try client.open(Self.echo)
      try client.session.send(stream: id, framed([4]), endStream: false)
      try client.session.sendTrailers(stream: id, [.init("x-client", "1")])
      let response = try await client.response(on: id)
      #expect(response.body == framed([4]))
      #expect(response.status == "0")
    }
  }

  // MARK: - Heads

  @Test func heads() async throws {
    try await withRawClient { client, _ in
      let get = try await exchange(client, [":method": "GET"], [])
      #expect(get.headers.first(":status") == "405")
      let untyped = try await exchange(client, ["content-type": nil], [])
      #expect(untyped.headers.first(":status") == "415")
      #expect(untyped.headers.first("grpc-status") == nil)
      #expect(String(decoding: untyped.body, as: UTF8.self).contains("application/grpc"))
      let timeout = try await exchange(client, ["grpc-timeout": "1x"], [])
      #expect(timeout.status == "3")
      let encoding = try await exchange(client, ["grpc-encoding": "br"], framed([1]))
      #expect(encoding.status == "12")
      #expect(encoding.headers.first("grpc-accept-encoding") == "identity,gzip,deflate")
      #expect(try await exchange(client, [":path": "/no/No"], framed([1])).status == "12")
      try await expectStillServing(client)
    }
  }

  /// Refused streams whose client does not end its side are closed all the same.
  @Test func refusedStreamsDoNotStayOpen() async throws {
    try await withRawClient {
      $0.http2.maximumConcurrentStreams = 5
    } _: { client, _ in
      for round in 0..<100 {
        let changes: [String: String?] =
          switch round % 3 {
          case 0: [":method": "GET"]
          case 1: [":path": "/no/No"]
          default: ["grpc-timeout": "never"]
          }
        let response = try await exchange(client, changes, pattern(100), endStream: false)
        #expect(response.errorCode == Session.ErrorCode.noError)
      }
      try await expectStillServing(client)
    }
  }

  // MARK: - Ends

  @Test func aServerThatEndsFirstClosesTheStreamAfterItsStatus() async throws {
    try await withRawClient {
      $0.http2.maximumConcurrentStreams = 5
    } _: { client, server in
      for _ in 0..<50 {
        let script = Script("e", .reply(count: 3, size: 1_000))
        let response = try await exchange(client, [:], framed(script.bytes), endStream: false)
        #expect(response.status == "0")
        #expect(response.body == (0..<3).flatMap { framed(pattern(1_000, seed: $0)) })
        #expect(response.errorCode == Session.ErrorCode.noError)
      }
      #expect(server.server.held.count == 0)
    }
  }

  @Test func aStatusBehindBytesThatTheClientDoesNotTakeYet() async throws {
    try await withRawClient { client, server in
      client.takesResponses = false
      let id = try client.open()
      let script = Script("b", .reply(count: 5, size: 100_000), .report("done"))
      try client.session.send(stream: id, framed(script.bytes), endStream: false)
      try await client.flush()
      #expect(await server.service.reports.next() == "b: done")
      try await client.run { client.responses[id]?.body.count == 256 << 10 }
      #expect(client.responses[id]?.trailers == nil)
      client.takesResponses = true
      client.session.consumed(stream: id, 256 << 10)
      let response = try await client.response(on: id)
      #expect(response.body == (0..<5).flatMap { framed(pattern(100_000, seed: $0)) })
      #expect(response.status == "0")
      #expect(response.errorCode == Session.ErrorCode.noError)
    }
  }

  @Test func bytesAfterTheServersEndAreDroppedAndTheirCreditReturned() async throws {
    try await withRawClient { client, _ in
      for _ in 0..<100 {
        let id = try client.open([":path": "/test.Control/Refuse"])
        try client.session.send(stream: id, framed(pattern(60_000)), endStream: false)
        #expect(try await client.response(on: id).status == "7")
      }
      try await expectStillServing(client)
    }
  }

  @Test func aResetCancelsTheHandler() async throws {
    try await withRawClient { client, server in
      let id = try client.open()
      let script = Script("r", .report("here"), .awaitCancellation)
      try client.session.send(stream: id, framed(script.bytes), endStream: true)
      try await client.flush()
      #expect(await server.service.reports.next() == "r: here")
      client.session.reset(stream: id, errorCode: Session.ErrorCode.cancel)
      try await client.flush()
      #expect(await server.service.reports.next() == "r: cancelled")
      try await expectStillServing(client)
    }
  }

  @Test(arguments: [
    "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}\u{7F}",
  ])
  func otherProtocolsAreClosed(_ text: String) async throws {
    try await withServer { server in
      try await RawClient.connect(to: server) { client in
        try await client.write(Array(text.utf8))
        // Returns once the server has closed the connection.
        try await client.readToEnd()
      }
      let channel = try await server.connect()
      #expect(try await channel.unary("/test.Control/Echo", [1]) == [1])
      await channel.close()
    }
  }

  // MARK: - Responses that are not taken

  @Test func callsAreRefusedWhileResponsesPileUp() async throws {
    try await withRawClient {
      $0.maximumUnsentBytes = 1 << 20
    } _: { client, server in
      client.takesResponses = false
      let wire = framed(pattern(3 << 20))
      let first = try client.open(Self.echo)
      try client.session.send(stream: first, wire, endStream: true)
      // Opened before anything piles up, answered after.
      let waiting = try client.open(["content-type": "application/grpc", ":path": "/test.Control/Unary"])
      let script = Script("w", .report("here"), .awaitGate("go"), .reply(count: 1, size: 2 << 20))
      try client.session.send(stream: waiting, framed(script.bytes), endStream: true)
      try await client.run { client.session.bufferedBytes == 0 }
      #expect(await server.service.reports.next() == "w: here")
      try await client.run { client.responses[first]?.body.count == 256 << 10 }
      #expect(try await exchange(client, Self.echo, framed([1])).status == "8")
      server.service.open("go")
      #expect(try await client.response(on: waiting).status == "8")
      client.takesResponses = true
      client.session.consumed(stream: first, 256 << 10)
      let response = try await client.response(on: first)
      #expect(response.body == wire)
      #expect(response.status == "0")
      try await expectStillServing(client)
    }
  }
}
