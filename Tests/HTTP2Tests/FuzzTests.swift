import Testing

@testable import HTTP2

/// Seeded noise: whatever comes in, the session answers with events or an error and stays small.
@Suite struct FuzzTests {
  /// Feeds bytes in random pieces and acts on the events as a server would.
  private func serve(_ bytes: [UInt8], _ generator: inout SeededGenerator) throws {
    let server = try Session(role: .server)
    var sent = 0
    var at = 0
    do {
      while at < bytes.count {
        let end = min(bytes.count, at + Int.random(in: 1...400, using: &generator))
        for event in try server.receive(Array(bytes[at..<end])) {
          try react(to: event, server, &generator)
        }
        at = end
        if Bool.random(using: &generator) { sent += try server.drainAll().count }
      }
    } catch let error as HTTP2Error {
      #expect(error.code != .outOfMemory)
      // A stream may be reset between its event and our answer; that is no connection error.
      if error.code != .unknownStream, error.code != .badCommand {
        sent += try server.drainAll().count
        #expect(server.isFinished)
      }
    }
    sent += try server.drainAll().count
    // Each input frame is at least 9 bytes and makes us send at most a few small frames.
    #expect(sent < 4096 + bytes.count * 20)
    #expect(server.openStreams <= bytes.count / 9)
  }

  private func react(
    to event: Session.Event, _ server: Session, _ generator: inout SeededGenerator
  ) throws {
    switch event {
    case .headers(let stream, _, _):
      try? server.respond(stream: stream, responseHeaders, endStream: false)
    case .data(let stream, let bytes, let endStream):
      server.consumed(stream: stream, bytes.count)
      try? server.send(stream: stream, bytes, endStream: endStream)
    case .trailers(let stream, _):
      if Bool.random(using: &generator) {
        server.reset(stream: stream, errorCode: 8)
      } else {
        try? server.sendTrailers(stream: stream, okTrailers)
      }
    default: break
    }
  }

  @Test(arguments: Recording.allCases)
  func mutatedRecordings(recording: Recording) throws {
    let original = try recording.load()
    for seed in UInt64(0)..<2000 {
      var generator = SeededGenerator(state: seed)
      var bytes = original
      for _ in 0..<Int.random(in: 1...8, using: &generator) {
        // The preface stays, so that the frames behind it are reached.
        let at = Int.random(in: 24..<bytes.count, using: &generator)
        switch Int.random(in: 0..<4, using: &generator) {
        case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 2: bytes.remove(at: at)
        default:
          let end = min(bytes.count, at + Int.random(in: 1...60, using: &generator))
          bytes.insert(contentsOf: bytes[at..<end], at: at)
        }
      }
      try serve(bytes, &generator)
    }
  }

  @Test func randomFrames() throws {
    for seed in UInt64(0)..<3000 {
      var generator = SeededGenerator(state: seed)
      var bytes = Wire.opening
      for _ in 0..<30 {
        let payload = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
          UInt8.random(in: 0...255, using: &generator)
        }
        bytes += Wire.frame(
          type: UInt8.random(in: 0...12, using: &generator),
          flags: UInt8.random(in: 0...255, using: &generator),
          stream: UInt32.random(in: 0...7, using: &generator),
          Bool.random(using: &generator) ? Wire.requestBlock : payload)
      }
      try serve(bytes, &generator)
    }
  }

  @Test func randomBytes() throws {
    for seed in UInt64(0)..<2000 {
      var generator = SeededGenerator(state: seed)
      let noise = (0..<200).map { _ in UInt8.random(in: 0...255, using: &generator) }
      let bare = try Session(role: .server)
      let error = #expect(throws: HTTP2Error.self) { try bare.receive(noise) }
      #expect(error?.code == .badPreface)
      try serve(Wire.opening + noise, &generator)
    }
  }

  /// The client's side of the same.
  @Test func randomFramesToTheClient() throws {
    for seed in UInt64(0)..<2000 {
      var generator = SeededGenerator(state: seed)
      let client = try Session(role: .client)
      for _ in 0..<4 { _ = try client.openRequest(requestHeaders, endStream: false) }
      _ = try client.drainAll()
      var bytes = Wire.emptySettings
      for _ in 0..<30 {
        let payload = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
          UInt8.random(in: 0...255, using: &generator)
        }
        bytes += Wire.frame(
          type: UInt8.random(in: 0...10, using: &generator),
          flags: UInt8.random(in: 0...255, using: &generator),
          stream: UInt32.random(in: 0...8, using: &generator),
          Bool.random(using: &generator) ? Wire.field(":status", "200") : payload)
      }
      _ = try? client.receive(bytes)
      #expect(try client.drainAll().count < 4096 + bytes.count * 20)
      #expect(client.openStreams <= 4)
    }
  }
}
