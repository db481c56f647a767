import Testing

@testable import HTTP2

@Suite struct LifetimeTests {
  @Test func tenThousandStreamsLeaveNothing() throws {
    let pair = try Pair()
    for number in 0..<10_000 {
      let stream = try pair.client.openRequest(requestHeaders, endStream: false)
      try pair.client.send(stream: stream, [1, 2, 3, 4, 5], endStream: true)
      try pair.pump()
      // Some are answered, some reset by either side; nobody calls `consumed`.
      switch number % 4 {
      case 0: pair.server.reset(stream: stream, errorCode: 8)
      case 1 where number < 2000: pair.client.reset(stream: stream, errorCode: 8)
      default:
        try pair.server.respond(stream: stream, responseHeaders, endStream: false)
        try pair.server.send(stream: stream, [6], endStream: false)
        try pair.server.sendTrailers(stream: stream, okTrailers)
      }
      try pair.pump()
      #expect(pair.takeClientEvents().closeCode(stream: stream) != nil)
      #expect(pair.takeServerEvents().closeCode(stream: stream) != nil)
    }
    for session in [pair.client, pair.server] {
      #expect(session.openStreams == 0)
      #expect(session.state.streams.isEmpty)
      #expect(session.bufferedBytes == 0)
      #expect(session.handle.queuedFrames == 0)
    }
  }

  @Test(arguments: [Session.Role.server, .client])
  func handleIsFreedWithTheSession(role: Session.Role) throws {
    weak var session: Session?
    weak var handle: SessionHandle?
    weak var state: SessionState?
    do {
      let owned = try Session(role: role)
      if role == .client {
        // Freed with a request half-way out.
        let stream = try owned.openRequest(requestHeaders, endStream: false)
        try owned.send(stream: stream, [UInt8](repeating: 0, count: 100_000), endStream: false)
        _ = try owned.drainAll(limit: 1000)
      }
      session = owned
      handle = owned.handle
      state = owned.state
      #expect(handle != nil && state != nil)
    }
    #expect(session == nil)
    #expect(handle == nil)
    #expect(state == nil)
  }
}
