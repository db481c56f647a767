import Testing

@testable import HTTP2

/// Commands at the wrong time, resets, and the end of a connection.
@Suite struct CommandTests {
  private func code(_ body: () throws -> Void) -> HTTP2Error.Code? {
    do {
      try body()
      return nil
    } catch let error as HTTP2Error {
      return error.code
    } catch {
      return nil
    }
  }

  @Test func wrongCommandsAreRefusedAndHarmless() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: true)
    try pair.pump()
    let client = pair.client
    let server = pair.server
    let badValue = responseHeaders + [Session.Header("x", "a\r\nb")]
    let badName = responseHeaders + [Session.Header("Upper", "a")]
    let large = responseHeaders + [Session.Header("x", String(repeating: "a", count: 70_000))]
    #expect(code { try server.send(stream: stream, [1], endStream: false) } == .badCommand)
    #expect(code { try server.sendTrailers(stream: stream, okTrailers) } == .badCommand)
    #expect(code { _ = try server.openRequest(requestHeaders, endStream: true) } == .badCommand)
    #expect(code { try client.send(stream: stream, [1], endStream: true) } == .badCommand)
    #expect(
      code { try client.respond(stream: stream, responseHeaders, endStream: true) } == .badCommand)
    #expect(
      code { try server.respond(stream: 99, responseHeaders, endStream: true) } == .unknownStream)
    for headers in [badValue, badName, large, []] {
      #expect(
        code { try server.respond(stream: stream, headers, endStream: true) } == .badCommand)
    }
    try server.respond(stream: stream, responseHeaders, endStream: true)
    #expect(
      code { try server.respond(stream: stream, responseHeaders, endStream: true) } == .badCommand)
    try pair.pump()
    #expect(
      code { try server.respond(stream: stream, responseHeaders, endStream: true) }
        == .unknownStream)
    #expect(pair.takeClientEvents().closeCode(stream: stream) == 0)
    // Nothing of this is known to the session, and nothing happens.
    server.reset(stream: 77, errorCode: 8)
    server.consumed(stream: 77, 5)
    client.announceShutdown()
    #expect(!server.wantsWrite)
    #expect(!client.wantsWrite)
  }

  @Test func configurationIsChecked() {
    var window = Session.Configuration()
    window.initialWindow = -1
    #expect(code { _ = try Session(role: .server, configuration: window) } == .badCommand)
    var frame = Session.Configuration()
    frame.maximumFrameSize = 100
    #expect(code { _ = try Session(role: .client, configuration: frame) } == .badCommand)
  }

  @Test func clientResets() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.pump()
    try pair.server.respond(stream: stream, responseHeaders, endStream: false)
    _ = pair.takeServerEvents()
    try pair.client.send(stream: stream, [UInt8](repeating: 0, count: 5000), endStream: false)
    #expect(pair.client.bufferedBytes == 5000)
    pair.client.reset(stream: stream, errorCode: Session.ErrorCode.cancel)
    #expect(pair.client.bufferedBytes == 0)
    #expect(code { try pair.client.send(stream: stream, [1], endStream: false) } == .badCommand)
    try pair.pump()
    #expect(pair.takeServerEvents() == [.streamClosed(stream: stream, errorCode: 8)])
    #expect(pair.takeClientEvents() == [.streamClosed(stream: stream, errorCode: 8)])
    #expect(
      code { try pair.server.send(stream: stream, [1], endStream: false) } == .unknownStream)
  }

  @Test func serverResets() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.pump()
    _ = pair.takeServerEvents()
    pair.server.reset(stream: stream, errorCode: Session.ErrorCode.refusedStream)
    pair.server.reset(stream: stream, errorCode: Session.ErrorCode.cancel)
    try pair.pump()
    #expect(pair.takeClientEvents() == [.streamClosed(stream: stream, errorCode: 7)])
    #expect(pair.takeServerEvents() == [.streamClosed(stream: stream, errorCode: 7)])
  }

  @Test func resetBeforeTheRequestWasSent() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: true)
    pair.client.reset(stream: stream, errorCode: 8)
    #expect(pair.client.takeEvents() == [.streamClosed(stream: stream, errorCode: 8)])
    try pair.pump()
    #expect(pair.takeServerEvents() == [])
    #expect(pair.takeClientEvents() == [], "closed only once")
    #expect(pair.client.openStreams == 0)
  }

  @Test func shutdownInTwoSteps() throws {
    let pair = try Pair()
    let early = try pair.client.openRequest(requestHeaders, endStream: true)
    try pair.pump()
    _ = pair.takeServerEvents()
    pair.server.announceShutdown()
    // A request that crosses the announcement is still taken.
    let crossing = try pair.client.openRequest(requestHeaders, endStream: true)
    let request = try pair.client.drainAll()
    try pair.pump()
    #expect(pair.takeClientEvents() == [.goAway(lastStream: .max, errorCode: 0)])
    #expect(
      code { _ = try pair.client.openRequest(requestHeaders, endStream: true) } == .badCommand)
    pair.serverEvents += try pair.server.receive(request)
    #expect(
      pair.takeServerEvents() == [.headers(stream: crossing, requestHeaders, endStream: true)])

    pair.server.goAway(errorCode: 0)
    try pair.pump()
    #expect(pair.takeClientEvents() == [.goAway(lastStream: crossing, errorCode: 0)])
    #expect(!pair.server.isFinished)
    for stream in [early, crossing] {
      try pair.server.respond(stream: stream, responseHeaders, endStream: true)
    }
    try pair.pump()
    #expect(pair.server.isFinished)
    #expect(pair.client.isFinished)
  }

  @Test func streamsAboveGoAwayAreRefused() throws {
    let pair = try Pair()
    let first = try pair.client.openRequest(requestHeaders, endStream: true)
    try pair.pump()
    pair.server.goAway(errorCode: 0)
    let second = try pair.client.openRequest(requestHeaders, endStream: true)
    _ = try pair.client.drainAll()
    pair.clientEvents += try pair.client.receive(pair.server.drainAll())
    let events = pair.takeClientEvents()
    #expect(events.first == .goAway(lastStream: first, errorCode: 0))
    #expect(events.closeCode(stream: second) == Session.ErrorCode.refusedStream)
    #expect(events.closeCode(stream: first) == nil)
  }

  @Test func clientGoesAway() throws {
    let pair = try Pair()
    pair.client.goAway(errorCode: 0)
    try pair.pump()
    #expect(pair.takeServerEvents() == [.goAway(lastStream: 0, errorCode: 0)])
    #expect(pair.client.isFinished)
    #expect(pair.server.isFinished)
  }
}
