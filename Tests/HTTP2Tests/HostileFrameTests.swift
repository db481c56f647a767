import Testing

@testable import HTTP2

/// Peers that break the rules: each ends in an error, a reset or a GOAWAY.
@Suite struct HostileFrameTests {
  /// What a server made of a client's bytes.
  private struct Outcome {
    var events: Events = []
    var error: HTTP2Error?
    var sent: [SentFrame]

    var goAway: UInt32? { sent.first(where: \.isGoAway)?.errorCode }
    func reset(_ stream: UInt32 = 1) -> UInt32? {
      sent.first { $0.isReset && $0.stream == stream }?.errorCode
    }
  }

  private func serve(
    _ bytes: [UInt8], _ configuration: Session.Configuration = .init(), opening: Bool = true
  ) throws -> Outcome {
    let server = try Session(role: .server, configuration: configuration)
    var events: Events = []
    var failure: HTTP2Error?
    do {
      events = try server.receive((opening ? Wire.opening : []) + bytes)
    } catch {
      failure = error
      #expect(throws: error) { try server.receive([0]) }
      events = server.takeEvents()
    }
    let sent = SentFrame.parse(try server.drainAll())
    if failure != nil {
      #expect(server.isFinished)
      #expect(sent.last?.isGoAway == true)
    }
    return Outcome(events: events, error: failure, sent: sent)
  }

  // MARK: Not HTTP/2 at all

  @Test(arguments: [
    "GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST /x HTTP/1.0\r\n", "\u{16}\u{3}\u{1}",
  ])
  func otherProtocols(text: String) throws {
    let outcome = try serve(Array(text.utf8), opening: false)
    #expect(outcome.error?.code == .badPreface)
    #expect(outcome.goAway == Session.ErrorCode.protocolError)
  }

  @Test func prefaceWithoutSettings() throws {
    let outcome = try serve(
      Wire.preface + Wire.headers(stream: 1, Wire.requestBlock), opening: false)
    #expect(outcome.error?.code == .protocolViolation)
  }

  // MARK: Connection errors

  @Test(arguments: HostileCase.connection)
  func connectionErrors(hostile: HostileCase) throws {
    // The last case needs windows no larger than HTTP/2's own default.
    var configuration = Session.Configuration()
    configuration.connectionWindow = 65_535
    configuration.initialWindow = 65_535
    let outcome = try serve(hostile.bytes, configuration)
    #expect(outcome.error?.code == .protocolViolation)
    #expect(outcome.goAway == hostile.errorCode)
  }

  // MARK: Stream errors

  @Test(arguments: HostileCase.stream)
  func streamErrors(hostile: HostileCase) throws {
    let good = Wire.headers(stream: 3, Wire.requestBlock, endStream: true)
    let outcome = try serve(hostile.bytes + good)
    #expect(outcome.error == nil)
    #expect(outcome.reset() == hostile.errorCode)
    #expect(outcome.goAway == nil)
    let isNextTaken = outcome.events.contains {
      if case .headers(3, _, true) = $0 { true } else { false }
    }
    #expect(isNextTaken, "the next stream is served")
    // A stream whose request was never shown is never reported closed either.
    let isShown = outcome.events.contains {
      if case .headers(1, _, _) = $0 { true } else { false }
    }
    if !isShown { #expect(outcome.events.closeCode(stream: 1) == nil) }
  }

  @Test func dataOfAClosedStreamIsDropped() throws {
    let pair = try Pair()
    let stream = try pair.client.openRequest(requestHeaders, endStream: false)
    try pair.pump()
    pair.server.reset(stream: stream, errorCode: 8)
    _ = try pair.server.drainAll()
    _ = pair.server.takeEvents()
    let late = Wire.data(stream: UInt32(stream), [1, 2, 3])
    #expect(try pair.server.receive(late) == [])
  }

  @Test func priorityIsIgnored() throws {
    let frames = (0..<5000).flatMap { number in
      Wire.frame(type: 2, stream: UInt32(number * 2 + 1), [0, 0, 0, 0, 16])
    }
    let outcome = try serve(frames)
    #expect(outcome.error == nil)
    #expect(outcome.events == [.settings(maximumConcurrentStreams: nil)])
    #expect(outcome.sent.count == 3, "SETTINGS, WINDOW_UPDATE, acknowledgement")
  }

  @Test func pushIsRefusedByTheClient() throws {
    let client = try Session(role: .client)
    _ = try client.openRequest(requestHeaders, endStream: true)
    _ = try client.drainAll()
    let push = Wire.frame(type: 5, flags: 4, stream: 1, [0, 0, 0, 2] + Wire.requestBlock)
    // The server may not have seen our SETTINGS yet: its push is reset.
    #expect(
      try client.receive(Wire.emptySettings + push) == [.settings(maximumConcurrentStreams: nil)])
    let resets = SentFrame.parse(try client.drainAll()).filter(\.isReset)
    #expect(resets.map(\.stream) == [2])
    // Now it has.
    let acknowledgement = Wire.frame(type: 4, flags: Wire.acknowledge)
    let next = Wire.frame(type: 5, flags: 4, stream: 1, [0, 0, 0, 4] + Wire.requestBlock)
    #expect(throws: HTTP2Error.self) { try client.receive(acknowledgement + next) }
    _ = try client.drainAll()
    #expect(client.isFinished)
  }
}
