import Testing

@testable import HTTP2

/// Requests and responses between our client and our server.
@Suite struct ExchangeTests {
  @Test func unary() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.client.send(stream: stream, [1, 2], [3], endStream: true)
    try pair.pump()
    #expect(
      pair.takeServerEvents() == [
        .headers(stream: stream, requestHeaders, endStream: false),
        .data(stream: stream, [1, 2, 3], endStream: true),
      ])

    try pair.server.respond(stream: stream, responseHeaders, endStream: false)
    try pair.server.send(stream: stream, [4], endStream: false)
    try pair.server.sendTrailers(stream: stream, okTrailers)
    let frames = SentFrame.parse(try pair.server.drainAll())
    #expect(frames.map(\.type) == [1, 0, 1], "no empty DATA frame before the trailers")
    #expect(pair.server.takeEvents() == [.streamClosed(stream: stream, errorCode: 0)])
    #expect(pair.server.openStreams == 0)
  }

  @Test func unaryResponseReachesTheClient() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: true)
    try pair.pump()
    try pair.server.respond(stream: stream, responseHeaders, endStream: false)
    try pair.server.send(stream: stream, [4, 5], endStream: false)
    try pair.server.sendTrailers(stream: stream, okTrailers)
    try pair.pump()
    #expect(
      pair.takeClientEvents() == [
        .headers(stream: stream, responseHeaders, endStream: false),
        .data(stream: stream, [4, 5], endStream: false),
        .trailers(stream: stream, okTrailers),
        .streamClosed(stream: stream, errorCode: 0),
      ])
    #expect(pair.client.openStreams == 0)
  }

  @Test func trailersOnly() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: true)
    try pair.pump()
    let headers = responseHeaders + [Session.Header("grpc-status", "12")]
    try pair.server.respond(stream: stream, headers, endStream: true)
    try pair.pump()
    #expect(
      pair.takeClientEvents() == [
        .headers(stream: stream, headers, endStream: true),
        .streamClosed(stream: stream, errorCode: 0),
      ])
  }

  @Test func streamingBothWays() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.pump()
    try pair.server.respond(stream: stream, responseHeaders, endStream: false)
    try pair.pump()
    _ = pair.takeServerEvents()
    _ = pair.takeClientEvents()
    for round in UInt8(0)..<50 {
      try pair.client.send(stream: stream, [round], endStream: false)
      try pair.pump()
      #expect(pair.takeServerEvents() == [.data(stream: stream, [round], endStream: false)])
      try pair.server.send(stream: stream, [round, round], endStream: false)
      try pair.pump()
      #expect(pair.takeClientEvents() == [.data(stream: stream, [round, round], endStream: false)])
    }
    try pair.client.send(stream: stream, endStream: true)
    try pair.pump()
    #expect(pair.takeServerEvents() == [.data(stream: stream, [], endStream: true)])
    // Trailers after a pause: the data provider sleeps, yet no empty DATA frame goes out.
    try pair.server.sendTrailers(stream: stream, okTrailers)
    let bytes = try pair.server.drainAll()
    #expect(SentFrame.parse(bytes).map(\.type) == [1])
    #expect(
      try pair.client.receive(bytes) == [
        .trailers(stream: stream, okTrailers), .streamClosed(stream: stream, errorCode: 0),
      ])
  }

  @Test func trailersWhileTheClientStillSends() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.pump()
    try pair.server.respond(stream: stream, responseHeaders, endStream: false)
    try pair.server.sendTrailers(stream: stream, okTrailers)
    try pair.pump()
    #expect(pair.client.openStreams == 1)
    #expect(
      pair.takeClientEvents() == [
        .headers(stream: stream, responseHeaders, endStream: false),
        .trailers(stream: stream, okTrailers),
      ])
    try pair.client.send(stream: stream, [9], endStream: true)
    try pair.pump()
    #expect(pair.takeClientEvents() == [.streamClosed(stream: stream, errorCode: 0)])
    #expect(pair.takeServerEvents().last == .streamClosed(stream: stream, errorCode: 0))
  }

  @Test func clientTrailers() throws {
    let pair = try Pair()
    let trailers = [Session.Header("x-checksum", "7")]
    let withData = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.client.send(stream: withData, [1], endStream: false)
    try pair.client.sendTrailers(stream: withData, trailers)
    let atOnce = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.client.sendTrailers(stream: atOnce, trailers)
    let later = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.pump()
    try pair.client.sendTrailers(stream: later, trailers)
    try pair.pump()
    let events = pair.takeServerEvents()
    for stream in [withData, atOnce, later] {
      #expect(events.contains(.trailers(stream: stream, trailers)))
    }
    #expect(events.body(stream: withData) == [1])
  }

  @Test func manySmallWritesShareFrames() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.pump()
    for byte in 0..<5000 {
      try pair.client.send(stream: stream, [UInt8(byte & 0xFF)], endStream: false)
    }
    let bytes = try pair.client.drainAll()
    #expect(SentFrame.parse(bytes).count == 1)
    let expected = (0..<5000).map { UInt8($0 & 0xFF) }
    #expect(try pair.server.receive(bytes).body(stream: stream) == expected)
  }

  @Test func streamsTakeTurns() throws {
    let pair = try Pair()
    let streams = try (0..<2).map { _ in
      try pair.client.openRequest(requestHeaders, endStream: true)
    }
    try pair.pump()
    for stream in streams {
      try pair.server.respond(stream: stream, responseHeaders, endStream: false)
      try pair.server.send(stream: stream, [UInt8](repeating: 1, count: 60_000), endStream: true)
    }
    let data = SentFrame.parse(try pair.server.drainAll()).filter { $0.type == 0 }
    #expect(Set(data.prefix(2).map(\.stream)).count == 2)
  }

  @Test func interimResponsesAreNotShown() throws {
    let client = try Session(role: .client)
    let stream = try client.openRequest(requestHeaders, endStream: true)
    _ = try client.drainAll()
    let bytes =
      Wire.emptySettings
      + Wire.headers(stream: UInt32(stream), Wire.field(":status", "103"))
      + Wire.headers(stream: UInt32(stream), Wire.field(":status", "200"))
      + Wire.headers(
        stream: UInt32(stream), Wire.field("grpc-status", "0"), endStream: true)
    #expect(
      try client.receive(bytes) == [
        .settings(maximumConcurrentStreams: nil),
        .headers(stream: stream, [.init(":status", "200")], endStream: false),
        .trailers(stream: stream, okTrailers),
        .streamClosed(stream: stream, errorCode: 0),
      ])
  }

  @Test func valuesThatAreNotUTF8AreRepaired() throws {
    let server = try Session(role: .server)
    let block = Wire.requestBlock + [0, 1] + "x".utf8 + [2, 0x61, 0xFF]
    let events = try server.receive(
      Wire.opening + Wire.headers(stream: 1, block, endStream: true))
    guard case .headers(1, let headers, true) = events.last else {
      Issue.record("no request: \(events)")
      return
    }
    #expect(headers.last == Session.Header("x", "a\u{FFFD}"))
  }

  @Test func pingComesBack() throws {
    let pair = try Pair()
    pair.client.ping(0x0102_0304_0506_0708)
    pair.server.ping(.max)
    try pair.pump()
    #expect(pair.takeClientEvents() == [.pingAcknowledged(0x0102_0304_0506_0708)])
    #expect(pair.takeServerEvents() == [.pingAcknowledged(.max)])
  }
}
