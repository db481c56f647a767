import Testing

@testable import HTTP2

/// Credit, held-back bytes and watermarks.
@Suite struct FlowControlTests {
  /// A server that lets 1000 bytes in per stream and `connection` in all.
  private func smallWindows(connection: Int32 = 5000) throws -> Pair {
    var server = Session.Configuration()
    server.initialWindow = 1000
    server.connectionWindow = connection
    return try Pair(server: server)
  }

  @Test func senderStopsAtTheStreamWindow() throws {
    let pair = try smallWindows()
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    let body = (0..<2500).map { UInt8($0 % 251) }
    try pair.client.send(stream: stream, body, endStream: true)
    try pair.pump()
    #expect(pair.serverEvents.body(stream: stream) == Array(body.prefix(1000)))
    #expect(pair.client.bufferedBytes(stream: stream) == 1500)
    #expect(pair.client.bufferedBytes == 1500)
    #expect(!pair.client.wantsWrite)

    pair.server.consumed(stream: stream, 600)
    try pair.pump()
    #expect(pair.serverEvents.body(stream: stream).count == 1600)
    pair.server.consumed(stream: stream, 1000)
    try pair.pump()
    #expect(pair.serverEvents.body(stream: stream) == body)
    #expect(pair.client.bufferedBytes(stream: stream) == 0)
    #expect(
      pair.serverEvents.last == .data(stream: stream, Array(body.suffix(900)), endStream: true))
  }

  @Test func trailersNeedNoWindow() throws {
    var client = Session.Configuration()
    client.initialWindow = 1000
    let pair = try Pair(client: client)
    let stream = try pair.client.openRequest(requestHeaders, endStream: true)
    try pair.pump()
    try pair.server.respond(stream: stream, responseHeaders, endStream: false)
    try pair.server.send(stream: stream, [UInt8](repeating: 1, count: 1000), endStream: false)
    try pair.pump()
    try pair.server.sendTrailers(stream: stream, okTrailers)
    try pair.pump()
    #expect(pair.clientEvents.contains(.trailers(stream: stream, okTrailers)))
    #expect(pair.clientEvents.last == .streamClosed(stream: stream, errorCode: 0))
  }

  @Test func moreCreditThanReceivedIsNotGiven() throws {
    let pair = try smallWindows()
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.client.send(stream: stream, [UInt8](repeating: 1, count: 5000), endStream: false)
    try pair.pump()
    pair.server.consumed(stream: stream, 1_000_000)
    pair.server.consumed(stream: stream, -5)
    try pair.pump()
    #expect(pair.serverEvents.body(stream: stream).count == 2000)
    // The surplus is not remembered: one byte is far from enough for a new WINDOW_UPDATE.
    pair.server.consumed(stream: stream, 1)
    try pair.pump()
    #expect(pair.serverEvents.body(stream: stream).count == 2000)
  }

  /// Streams die with unconsumed data in every way; the connection's window must survive them all.
  @Test(arguments: ["client resets", "server resets", "normal end", "ignored after reset"])
  func connectionWindowNeverLeaks(way: String) throws {
    let pair = try smallWindows(connection: 2000)
    // 270 000 bytes: several times the 65 535 that HTTP/2 grants at the start whatever we announce.
    for _ in 0..<300 {
      let stream = try pair.client.openRequest(requestHeaders, endStream: false)
      let isNormal = way == "normal end"
      try pair.client.send(
        stream: stream, [UInt8](repeating: 1, count: 900), endStream: isNormal)
      if way == "ignored after reset" {
        // The server resets while the data is on its way.
        let flight = try pair.client.drainAll()
        pair.serverEvents += try pair.server.receive(Array(flight.prefix(flight.count - 300)))
        pair.server.reset(stream: stream, errorCode: 8)
        pair.serverEvents += try pair.server.receive(Array(flight.suffix(300)))
      } else {
        try pair.pump()
        #expect(pair.serverEvents.body(stream: stream).count == 900)
      }
      switch way {
      case "client resets": pair.client.reset(stream: stream, errorCode: 8)
      case "server resets": pair.server.reset(stream: stream, errorCode: 8)
      case "normal end":
        try pair.server.respond(stream: stream, responseHeaders, endStream: true)
      default: break
      }
      try pair.pump()
      #expect(pair.serverEvents.closeCode(stream: stream) != nil)
      pair.server.consumed(stream: stream, 900)  // too late, and must not count twice
      try pair.pump()
    }
    #expect(pair.server.openStreams == 0)
    #expect(pair.client.openStreams == 0)
  }

  @Test func paddingIsCreditedByTheSession() throws {
    var configuration = Session.Configuration()
    configuration.initialWindow = 2000
    let server = try Session(role: .server, configuration: configuration)
    _ = try server.receive(
      Wire.opening + Wire.frame(type: 4, flags: Wire.acknowledge)
        + Wire.headers(stream: 1, Wire.requestBlock))
    // 200 of 201 payload bytes are padding; 100 such frames exceed the window tenfold.
    let padded = Wire.frame(
      type: 0, flags: 0x8, stream: 1, [199, 7] + [UInt8](repeating: 0, count: 199))
    var body: [UInt8] = []
    for _ in 0..<100 {
      let events = try server.receive(padded)
      body += events.body(stream: 1)
      server.consumed(stream: 1, 1)
      _ = try server.drainAll()
    }
    #expect(body == [UInt8](repeating: 7, count: 100))
  }

  @Test func drainedComesOncePerCrossing() throws {
    var configuration = Session.Configuration()
    configuration.highWatermark = 1000
    configuration.lowWatermark = 400
    let pair = try Pair(client: configuration)
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.client.send(stream: stream, [UInt8](repeating: 1, count: 1000), endStream: false)
    try pair.pump()
    #expect(pair.takeClientEvents() == [], "not above the high watermark")
    try pair.client.send(stream: stream, [UInt8](repeating: 1, count: 1001), endStream: false)
    try pair.pump()
    #expect(pair.takeClientEvents() == [.drained(stream: stream)])
    try pair.pump()
    #expect(pair.takeClientEvents() == [])
  }

  @Test func drainStopsNearItsLimit() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.client.send(stream: stream, [UInt8](repeating: 1, count: 60_000), endStream: true)
    let first = try pair.client.drainAll(limit: 20_000)
    #expect(first.count >= 20_000 && first.count < 20_000 + 16_384 + 9)
    #expect(pair.client.wantsWrite)
    let rest = try pair.client.drainAll()
    #expect(try pair.server.receive(first + rest).body(stream: stream).count == 60_000)
  }
}
