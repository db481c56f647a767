import Testing

@testable import HTTP2

@Suite struct LimitTests {
  @Test func clientWaitsForAFreeStream() throws {
    var configuration = Session.Configuration()
    configuration.maximumConcurrentStreams = 2
    let pair = try Pair(server: configuration)
    let streams = try (0..<5).map { _ in
      try pair.client.openRequest(requestHeaders, endStream: true)
    }
    try pair.pump()
    #expect(pair.server.openStreams == 2)
    var answered: [Int32] = []
    while answered.count < 5 {
      let events = pair.takeServerEvents()
      let before = answered.count
      for case .headers(let stream, _, _) in events {
        try pair.server.respond(stream: stream, responseHeaders, endStream: true)
        answered.append(stream)
      }
      try #require(answered.count > before, "no stream was freed")
      try pair.pump()
    }
    #expect(answered == streams)
  }

  @Test func waitingRequestCanBeReset() throws {
    var configuration = Session.Configuration()
    configuration.maximumConcurrentStreams = 1
    let pair = try Pair(server: configuration)
    let first = try pair.client.openRequest(requestHeaders, endStream: true)
    let second = try pair.client.openRequest(requestHeaders, endStream: true)
    try pair.pump()
    pair.client.reset(stream: second, errorCode: 8)
    #expect(pair.client.takeEvents() == [.streamClosed(stream: second, errorCode: 8)])
    _ = pair.takeServerEvents()
    try pair.server.respond(stream: first, responseHeaders, endStream: true)
    try pair.pump()
    #expect(!pair.takeServerEvents().contains { if case .headers = $0 { true } else { false } })
    #expect(pair.takeClientEvents().closeCode(stream: second) == nil)
    #expect(pair.client.openStreams == 0)
  }

  @Test func settingsTellTheLimit() throws {
    var configuration = Session.Configuration()
    configuration.maximumConcurrentStreams = 7
    let server = try Session(role: .server, configuration: configuration)
    let client = try Session(role: .client)
    #expect(
      try client.receive(server.drainAll()) == [.settings(maximumConcurrentStreams: 7)])
    #expect(try server.receive(client.drainAll()) == [.settings(maximumConcurrentStreams: nil)])
  }

  @Test func excessStreamsAreRefused() throws {
    var configuration = Session.Configuration()
    configuration.maximumConcurrentStreams = 1
    let server = try Session(role: .server, configuration: configuration)
    let events = try server.receive(
      Wire.opening + Wire.headers(stream: 1, Wire.requestBlock)
        + Wire.headers(stream: 3, Wire.requestBlock))
    #expect(events.count == 2)
    let resets = SentFrame.parse(try server.drainAll()).filter(\.isReset)
    #expect(resets.map(\.stream) == [3])
    #expect(resets.map(\.errorCode) == [Session.ErrorCode.refusedStream])
  }

  @Test func excessStreamsAfterAcknowledgementEndTheConnection() throws {
    var configuration = Session.Configuration()
    configuration.maximumConcurrentStreams = 1
    let server = try Session(role: .server, configuration: configuration)
    #expect(throws: HTTP2Error.self) {
      try server.receive(
        Wire.opening + Wire.frame(type: 4, flags: Wire.acknowledge)
          + Wire.headers(stream: 1, Wire.requestBlock)
          + Wire.headers(stream: 3, Wire.requestBlock))
    }
  }

  /// Exactly at the limit passes, one byte or field more does not.
  @Test func headerLimitsAreExact() throws {
    let request: [Session.Header] = [
      .init(":method", "GET"), .init(":scheme", "http"), .init(":path", "/"),
      .init(":authority", "a"),
    ]
    let size = request.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 32 }
    var configuration = Session.Configuration()
    configuration.maximumHeaderListSize = UInt32(size + 32 + 1 + 100)
    configuration.maximumHeaderCount = 6
    let pair = try Pair(server: configuration)
    let exact = request + [Session.Header("x", String(repeating: "v", count: 100))]
    let large = request + [Session.Header("x", String(repeating: "v", count: 101))]
    let many = request + (0..<3).map { Session.Header("x", "\($0)") }
    let good = try pair.client.openRequest(exact, endStream: true)
    let tooLarge = try pair.client.openRequest(large, endStream: true)
    let tooMany = try pair.client.openRequest(many, endStream: true)
    try pair.pump()
    #expect(
      pair.takeServerEvents() == [.headers(stream: good, exact, endStream: true)])
    let events = pair.takeClientEvents()
    for stream in [tooLarge, tooMany] {
      #expect(events.closeCode(stream: stream) == Session.ErrorCode.enhanceYourCalm)
    }
    #expect(pair.server.openStreams == 1)
  }

  @Test func trailerLimitsReportTheStreamClosed() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    let many = (0..<200).map { Session.Header("x", "\($0)") }
    try pair.client.sendTrailers(stream: stream, many)
    try pair.pump()
    #expect(
      pair.takeServerEvents() == [
        .headers(stream: stream, requestHeaders, endStream: false),
        .streamClosed(stream: stream, errorCode: Session.ErrorCode.enhanceYourCalm),
      ])
  }
}
