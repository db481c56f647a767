import HTTPTypes
import HummingbirdCore
import NIOCore
import TestSupport
import Testing

@testable import HTTPTransport

/// A route whose answer is more than the sockets between server and client hold: most of it waits in the
/// server until the client reads.
private struct LargeRoute: RouteGroup {
  static let size = 32 << 20

  let gate = Gate()

  func add(to table: inout RouteTable) {
    table.add(.get, "/large", isDocumented: false) { _ in
      _ = await gate.pass()
      return Response(
        status: .ok, body: ResponseBody(byteBuffer: ByteBuffer(repeating: 0x78, count: Self.size)))
    }
  }
}

@Suite(.timeLimit(.minutes(1))) struct LiveSlowReaderTests {
  /// Neither the time a connection lingers nor the time it may be idle begins while an answer is on its way.
  @Test(arguments: ["Connection: close\r\n", ""])
  func anAnswerIsNotCutWhileItIsRead(_ headers: String) async throws {
    var harness = Harness()
    harness.configuration.lingerTimeout = .milliseconds(50)
    harness.configuration.idleTimeout = .milliseconds(50)
    let route = LargeRoute()
    route.gate.openForGood()
    harness.extra = [route]
    try await harness.serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send("GET", "/large", headers: headers)
        #expect(try await wire.head().status == 200)
        // Not a wait for anything: the reader is slow.
        try await Task.sleep(for: .milliseconds(500))
        let body = try await wire.takeAll()
        #expect(body.utf8.count == LargeRoute.size)
      }
    }
  }

  /// An answer gets through to its end whether the server begins to drain before it or behind it.
  @Test(arguments: [false, true])
  func drainingCutsNoAnswer(_ isOnItsWay: Bool) async throws {
    var harness = Harness()
    let route = LargeRoute()
    harness.extra = [route]
    try await harness.serve { port, drain in
      try await Wire.connect(port) { wire in
        try await wire.send("GET", "/large")
        await route.gate.waitUntilHeld()
        if isOnItsWay {
          route.gate.openForGood()
          #expect(try await wire.head().headers["connection"] == nil)
        }
        try await Self.begin(drain, port)
        if !isOnItsWay {
          route.gate.openForGood()
          #expect(try await wire.head().headers["connection"] == "close")
        }
        let body = try await wire.takeAll()
        #expect(body.utf8.count == LargeRoute.size)
      }
    }
  }

  /// A client that takes nothing does not hold up a server that has no more time, drained before or not.
  @Test(arguments: [false, true])
  func anAnswerThatIsNotReadDoesNotHoldUpTheEnd(_ drains: Bool) async throws {
    var harness = Harness()
    // Longer than the test may take, so that it is not the kernel that ends the connection.
    harness.configuration.sendTimeout = .seconds(600)
    let route = LargeRoute()
    route.gate.openForGood()
    harness.extra = [route]
    let (ports, port) = AsyncStream.makeStream(of: Int.self)
    let (answers, answer) = AsyncStream.makeStream(of: Void.self)
    let reading = Gate()
    async let client: Void = Self.ask(ports, answer, thenWaitAt: reading)
    try await harness.serve { listening, drain in
      port.yield(listening)
      for await _ in answers { break }
      if drains { try await Self.begin(drain, listening) }
    }
    reading.openForGood()
    try await client
  }

  /// Returns once connections have heard of the drain: one without a request closes.
  private static func begin(_ drain: @Sendable () async -> Void, _ port: Int) async throws {
    try await Wire.connect(port) { idle in
      try await idle.send("GET", "/healthz")
      _ = try await idle.answer()
      await drain()
      let isOver = try await idle.isOver()
      #expect(isOver)
    }
  }

  /// Tells when the answer has begun, and reads no more of it until the gate opens.
  private static func ask(
    _ ports: AsyncStream<Int>, _ answer: AsyncStream<Void>.Continuation, thenWaitAt gate: Gate
  ) async throws {
    for await port in ports {
      try await Wire.connect(port) { wire in
        try await wire.send("GET", "/large")
        _ = try await wire.head()
        answer.yield()
        _ = await gate.pass()
      }
      return
    }
  }
}
