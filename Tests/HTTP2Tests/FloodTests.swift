import Testing

@testable import HTTP2

/// Peers that send much and read nothing: memory stays bounded and the connection ends.
@Suite struct FloodTests {
  /// Feeds `frame(0)`, `frame(1)`, … without draining until the server gives up; returns how many
  /// frames that took and the error.
  private func flood(
    _ server: Session, limit: Int, _ frame: (Int) -> [UInt8]
  ) throws -> (count: Int, error: HTTP2Error)? {
    for number in 0..<limit {
      do {
        _ = try server.receive(frame(number))
      } catch {
        return (number, error)
      }
    }
    return nil
  }

  private func server(_ configuration: Session.Configuration = .init()) throws -> Session {
    let server = try Session(role: .server, configuration: configuration)
    _ = try server.receive(Wire.opening)
    return server
  }

  /// What a connection that gave up still has to say is small, and ends with GOAWAY.
  private func expectSmallGoodbye(_ server: Session, atMost bytes: Int) throws {
    let sent = try server.drainAll()
    #expect(sent.count <= bytes)
    #expect(SentFrame.parse(sent).last?.isGoAway == true)
    #expect(server.isFinished)
  }

  @Test func pings() throws {
    let server = try server()
    let ping = Wire.frame(type: 6, [UInt8](repeating: 1, count: 8))
    let end = try #require(try flood(server, limit: 2000) { _ in ping })
    #expect(end.error.code == .flooded)
    #expect(end.count <= 1001)
    try expectSmallGoodbye(server, atMost: 20_000)
  }

  @Test func pingsAtOnce() throws {
    let server = try server()
    let ping = Wire.frame(type: 6, [UInt8](repeating: 1, count: 8))
    let pings = (0..<100_000).flatMap { _ in ping }
    #expect(throws: HTTP2Error.self) { try server.receive(pings) }
    try expectSmallGoodbye(server, atMost: 20_000)
  }

  @Test func settings() throws {
    let server = try server()
    let end = try #require(try flood(server, limit: 2000) { _ in Wire.emptySettings })
    #expect(end.error.code == .flooded)
    try expectSmallGoodbye(server, atMost: 20_000)
  }

  @Test func continuations() throws {
    let server = try server()
    let first = Wire.headers(stream: 1, Wire.requestBlock, endHeaders: false)
    let more = Wire.frame(type: 9, stream: 1, Wire.field("a", "b"))
    let end = try #require(try flood(server, limit: 20) { $0 == 0 ? first : more })
    #expect(end.count <= 10)
    try expectSmallGoodbye(server, atMost: 1000)
  }

  @Test func emptyContinuations() throws {
    let server = try server()
    let first = Wire.headers(stream: 1, [], endHeaders: false)
    let more = Wire.frame(type: 9, stream: 1)
    let end = try #require(try flood(server, limit: 20) { $0 == 0 ? first : more })
    #expect(end.count <= 10)
  }

  /// Streams opened and reset in one breath cost the peer nothing and us the work. Past the burst
  /// it gets GOAWAY and no further stream is taken.
  @Test func rapidReset() throws {
    let server = try server(Self.resetLimits)
    _ = try server.drainAll()
    var taken = 0
    var sent: [UInt8] = []
    for number in 0..<2000 {
      let stream = Int32(number * 2 + 1)
      let events = try server.receive(Self.resetRequest(number))
      sent += try server.drainAll()
      if events.closeCode(stream: stream) != nil { taken += 1 }
    }
    #expect(taken == 201)
    let frames = SentFrame.parse(sent)
    #expect(frames.first?.isGoAway == true)
    #expect(sent.count <= 17, "one GOAWAY and nothing else")
    #expect(server.isFinished)
    #expect(server.openStreams == 0)
  }

  @Test func rapidResetWithoutReading() throws {
    let server = try server(Self.resetLimits)
    let end = try #require(try flood(server, limit: 2000, Self.resetRequest))
    #expect(end.error.code == .flooded)
    #expect(end.count <= 101)
    try expectSmallGoodbye(server, atMost: 3000)
  }

  private static var resetLimits: Session.Configuration {
    var configuration = Session.Configuration()
    configuration.resetBurst = 200
    configuration.resetRate = 0
    configuration.maximumQueuedReplies = 100
    return configuration
  }

  private static func resetRequest(_ number: Int) -> [UInt8] {
    let stream = UInt32(number * 2 + 1)
    return Wire.headers(stream: stream, Wire.requestBlock, endStream: true)
      + Wire.reset(stream: stream)
  }

  @Test func refusedStreams() throws {
    var configuration = Session.Configuration()
    configuration.maximumConcurrentStreams = 2
    configuration.maximumQueuedReplies = 500
    let server = try server(configuration)
    let end = try #require(
      try flood(server, limit: 2000) { number in
        Wire.headers(stream: UInt32(number * 2 + 1), Wire.requestBlock)
      })
    #expect(end.error.code == .flooded)
    #expect(end.count <= 510)
    #expect(server.openStreams == 2)
    try expectSmallGoodbye(server, atMost: 20_000)
  }

  @Test func malformedStreams() throws {
    let server = try server()
    let end = try #require(
      try flood(server, limit: 10_000) { number in
        Wire.headers(stream: UInt32(number * 2 + 1), Wire.field("A", ""))
      })
    #expect(end.error.code == .flooded)
    try expectSmallGoodbye(server, atMost: 200_000)
  }

  @Test func readingPeersAreNotFloods() throws {
    let server = try server()
    let ping = Wire.frame(type: 6, [UInt8](repeating: 1, count: 8))
    for _ in 0..<10_000 {
      _ = try server.receive(ping)
      #expect(try server.drainAll().count >= 17)
    }
  }

  @Test func emptyData() throws {
    let server = try server()
    _ = try server.receive(Wire.headers(stream: 1, Wire.requestBlock))
    _ = try server.drainAll()
    for _ in 0..<10_000 {
      #expect(try server.receive(Wire.data(stream: 1, [])) == [])
    }
    #expect(!server.wantsWrite)
  }

  /// A client that never reads its responses: its bytes wait in here and are counted.
  @Test func unreadResponses() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: true)
    try pair.pump()
    try pair.server.respond(stream: stream, responseHeaders, endStream: false)
    try pair.server.send(
      stream: stream, [UInt8](repeating: 0, count: 1_000_000), endStream: false)
    #expect(pair.server.bufferedBytes(stream: stream) == 1_000_000)
    let sent = try pair.server.drainAll()
    let window = Int(Session.Configuration().initialWindow)
    #expect(pair.server.bufferedBytes(stream: stream) == 1_000_000 - window)
    #expect(sent.count > window && sent.count < window + 1000)
    _ = try pair.server.receive(Wire.reset(stream: UInt32(stream)))
    #expect(pair.server.bufferedBytes == 0)
  }
}
