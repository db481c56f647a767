import HTTP2

/// The events of one stream or of all, in the order they came.
typealias Events = [Session.Event]

extension Session {
  func receive(_ bytes: [UInt8]) throws(HTTP2Error) -> Events {
    // `withUnsafeBytes` does not carry the typed error through on every toolchain.
    let result = bytes.withUnsafeBytes { pointer in
      Result { () throws(HTTP2Error) in try receive(pointer) }
    }
    return try result.get()
  }

  func drainAll(limit: Int = .max) throws(HTTP2Error) -> [UInt8] {
    var bytes: [UInt8] = []
    try drain(limit: limit) { bytes.append(contentsOf: $0) }
    return bytes
  }
}

/// A client and a server joined by memory.
final class Pair {
  let client: Session
  let server: Session
  /// Everything each side has seen.
  var clientEvents: Events = []
  var serverEvents: Events = []

  init(
    client: Session.Configuration = .init(), server: Session.Configuration = .init()
  ) throws {
    self.client = try Session(role: .client, configuration: client)
    self.server = try Session(role: .server, configuration: server)
    try pump()
    clientEvents = []
    serverEvents = []
  }

  /// Carries bytes both ways until neither side has any.
  func pump() throws {
    while client.wantsWrite || server.wantsWrite {
      serverEvents += try server.receive(client.drainAll())
      clientEvents += client.takeEvents()
      clientEvents += try client.receive(server.drainAll())
      serverEvents += server.takeEvents()
    }
  }

  /// What the server saw since the last call.
  func takeServerEvents() -> Events {
    defer { serverEvents = [] }
    return serverEvents
  }

  func takeClientEvents() -> Events {
    defer { clientEvents = [] }
    return clientEvents
  }
}

let requestHeaders: [Session.Header] = [
  .init(":method", "POST"), .init(":scheme", "http"), .init(":path", "/duri.v1.Embed/Embed"),
  .init(":authority", "localhost"), .init("te", "trailers"),
  .init("content-type", "application/grpc"),
]
let responseHeaders: [Session.Header] = [
  .init(":status", "200"), .init("content-type", "application/grpc"),
]
let okTrailers: [Session.Header] = [.init("grpc-status", "0")]

extension Array where Element == Session.Event {
  /// All data bytes of a stream.
  func body(stream: Int32) -> [UInt8] {
    flatMap { event -> [UInt8] in
      if case .data(stream, let bytes, _) = event { bytes } else { [] }
    }
  }

  func closeCode(stream: Int32) -> UInt32? {
    for case .streamClosed(stream, let code) in self { return code }
    return nil
  }
}

/// Small, fast, seeded: the same tests see the same "random" bytes everywhere (SplitMix64).
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
