import HTTPTypes
import HummingbirdCore
import NIOCore
import Service
import Synchronization
import TestSupport
import Testing

@testable import HTTPTransport

/// A route that waits, and tells what became of it.
private struct WaitingRoute: RouteGroup {
  let gate = Gate()
  let ends: AsyncStream<Bool>
  private let continuation: AsyncStream<Bool>.Continuation

  init() {
    (ends, continuation) = AsyncStream.makeStream(of: Bool.self)
  }

  func add(to table: inout RouteTable) {
    table.add(.get, "/wait", isDocumented: false) { _ in
      let passed = await gate.pass()
      continuation.yield(passed)
      return Response(status: passed ? .ok : .internalServerError)
    }
  }

  /// Whether the request was let through; false if it was cancelled.
  func end() async -> Bool? {
    for await end in ends { return end }
    return nil
  }
}

@Suite struct LiveLifeTests {
  @Test(arguments: [false, true])
  func aClientThatLeavesEndsItsWork(_ halfOnly: Bool) async throws {
    var harness = Harness()
    let route = WaitingRoute()
    harness.extra = [route]
    try await harness.serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send("GET", "/wait")
        await route.gate.waitUntilHeld()
        if halfOnly { wire.finish() } else { try await wire.close() }
        #expect(await route.end() == false)
      }
    }
  }

  @Test func aBodyThatDoesNotComeIsGivenUp() async throws {
    var harness = Harness()
    harness.configuration.bodyTimeout = .milliseconds(30)
    try await harness.serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send(
          "POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: 1000\r\n\r\n{")
        let answer = try await wire.answer()
        #expect(answer.status == 408 && answer.errorCode == "DEADLINE_EXCEEDED")
        #expect(answer.headers["connection"] == "close")
        #expect(try await wire.isOver())
      }
    }
  }

  @Test func aStreamThatDoesNotGoOnIsGivenUp() async throws {
    var harness = Harness()
    harness.configuration.streamTimeout = .milliseconds(30)
    // The connection's timer was set before the body turned out to be streamed; it looks again when it fires.
    harness.configuration.headTimeout = .seconds(1)
    try await harness.serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send("POST", "/v1/collections", body: #"{"name": "n"}"#)
        #expect(try await wire.answer().status == 201)
        try await wire.send(
          "POST /v1/collections/n/documents HTTP/1.1\r\nHost: localhost\r\n"
            + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
        let answer = try await wire.answer()
        #expect((answer.lines.last?["error"] as? [String: Any])?["code"] as? String == "DEADLINE_EXCEEDED")
      }
    }
  }

  @Test func silentConnectionsAreClosed() async throws {
    var harness = Harness()
    harness.configuration.headTimeout = .milliseconds(200)
    try await harness.serve { port, _ in
      let isOver = try await Wire.connect(port) { try await $0.isOver() }
      #expect(isOver)
      let isOverInHead = try await Wire.connect(port) { wire in
        // Closed before anything was sent is closed too.
        try? await wire.send("GET /healthz HTTP/1.1\r\nHost: loc")
        return try await wire.isOver()
      }
      #expect(isOverInHead)
    }
    harness.configuration.headTimeout = .seconds(60)
    harness.configuration.idleTimeout = .milliseconds(500)
    try await harness.serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send("GET", "/healthz")
        #expect(try await wire.answer().status == 200)
        #expect(try await wire.isOver())
      }
    }
  }

  @Test func aConnectionTooManyIsClosed() async throws {
    var harness = Harness()
    harness.configuration.maximumConnections = 1
    try await harness.serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send("GET", "/healthz")
        #expect(try await wire.answer().status == 200)
        let isRefused = try await Wire.connect(port) { try await $0.isOver() }
        #expect(isRefused)
        try await wire.send("GET", "/healthz")
        #expect(try await wire.answer().status == 200)
      }
    }
  }

  @Test func drainingFinishesWhatIsOpen() async throws {
    var harness = Harness()
    let route = WaitingRoute()
    harness.extra = [route]
    try await harness.serve { port, drain in
      try await Wire.connect(port) { wire in
        try await wire.send("GET", "/wait")
        await route.gate.waitUntilHeld()
        try await Wire.connect(port) { idle in
          await drain()
          // An idle connection closes at once; the open request goes on.
          let isOver = try await idle.isOver()
          #expect(isOver)
        }
        route.gate.open()
        let answer = try await wire.answer()
        #expect(answer.status == 200 && answer.headers["connection"] == "close")
        #expect(try await wire.isOver())
      }
    }
  }

  @Test func readinessIsNotLife() async throws {
    var harness = Harness()
    #expect(try await harness.ask("GET", "/readyz").status == 200)
    harness.isServing = { false }
    let answer = try await harness.ask("GET", "/readyz")
    #expect(answer.status == 503 && answer.errorCode == "UNAVAILABLE")
    #expect(answer.headers["retry-after"] == "1")
    #expect(try await harness.ask("GET", "/healthz").status == 200)
  }

  @Test func aWaitThatIsCancelledBeforeItBeginsEnds() async {
    let connection = Connection()
    let task = Task { await connection.left() }
    task.cancel()
    await task.value
    connection.clientLeft()
    await connection.left()
  }
}
