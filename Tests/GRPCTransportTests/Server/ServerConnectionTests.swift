import HTTP2
import NIOCore
import NIOEmbedded
import Testing

@testable import GRPCTransport

/// One accepted connection under a clock of the test's: timers, and what is left behind.
@Suite(.timeLimit(.minutes(1)))
struct ServerConnectionTests {
  typealias Connection = TestConnection<ServerConnectionHandler>

  private final class Server: Sendable {
    let held = HeldBytes(limit: 1 << 20)
    let calls: AsyncStream<ServerCall>
    private let continuation: AsyncStream<ServerCall>.Continuation

    init() {
      (calls, continuation) = AsyncStream.makeStream()
    }

    func connect(
      _ configure: (inout GRPCServerConfiguration) -> Void = { _ in }
    ) async throws -> Connection {
      var configuration = GRPCServerConfiguration()
      configure(&configuration)
      var routes = Routes()
      routes.add("/test.Control/Stream", .streaming { _ in })
      return try await TestConnection(peer: .client) { [configuration, routes, continuation, held] in
        try ServerConnectionHandler(
          configuration: configuration, routes: routes, calls: continuation, held: held,
          logger: .silent)
      }
    }

    func nextCall() async -> ServerCall? {
      var iterator = calls.makeAsyncIterator()
      return await iterator.next()
    }
  }

  // MARK: - Handshake

  @Test func aClientThatSaysNothingIsClosed() async throws {
    let connection = try await Server().connect()
    await connection.loop.advanceTime(by: .milliseconds(9_999))
    #expect(connection.isOpen)
    await connection.loop.advanceTime(by: .milliseconds(1))
    #expect(!connection.isOpen)
  }

  @Test func aPrefaceWithoutSettingsIsNotEnough() async throws {
    let connection = try await Server().connect()
    let preface = ByteBuffer(string: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    try await connection.channel.writeInbound(preface)
    await connection.loop.advanceTime(by: .seconds(10))
    #expect(!connection.isOpen)
  }

  @Test func settingsEndTheHandshake() async throws {
    let connection = try await Server().connect()
    try await connection.exchange()
    await connection.loop.advanceTime(by: .seconds(59))
    #expect(connection.isOpen)
    try await connection.close()
  }

  // MARK: - Signs of life

  @Test func aSilentClientIsAskedThenClosed() async throws {
    let connection = try await Server().connect()
    try await connection.exchange()
    // The first interval begins with a sign of life, the second has none.
    await connection.loop.advanceTime(by: .seconds(120))
    #expect(connection.isOpen)
    await connection.loop.advanceTime(by: .milliseconds(19_999))
    #expect(connection.isOpen)
    await connection.loop.advanceTime(by: .milliseconds(1))
    #expect(!connection.isOpen)
  }

  @Test(arguments: [20, 60, 90, 200] as [Int64])
  func anAnsweringClientStays(_ timeout: Int64) async throws {
    let connection = try await Server().connect { $0.keepaliveTimeout = .seconds(timeout) }
    try await connection.exchange()
    for _ in 0..<1_000 { try await connection.advance(.seconds(1)) }
    #expect(connection.isOpen)
    // …and is closed once it answers no more.
    await connection.loop.advanceTime(by: .seconds(180 + timeout))
    #expect(!connection.isOpen)
  }

  // MARK: - Drain

  private func goAways(_ connection: Connection) -> [Int32] {
    connection.takeEvents().compactMap {
      if case .goAway(let last, _) = $0 { last } else { nil }
    }
  }

  @Test func anIdleConnectionDrainsInTwoSteps() async throws {
    let connection = try await Server().connect()
    try await connection.exchange()
    try await connection.onHandler { $0.beginDrain() }
    try await connection.exchange()
    #expect(goAways(connection) == [.max])
    #expect(connection.isOpen)
    try await connection.advance(.milliseconds(100))
    #expect(!connection.isOpen)
  }

  @Test func anOpenCallKeepsADrainingConnection() async throws {
    let server = Server()
    let connection = try await server.connect()
    let id = try connection.peer.openRequest(RawClient.headers, endStream: true)
    try await connection.exchange()
    let call = try #require(await server.nextCall())
    try await connection.onHandler { $0.beginDrain() }
    try await connection.advance(.seconds(1))
    #expect(goAways(connection) == [.max, id])
    try await connection.advance(.seconds(10))
    #expect(connection.isOpen)
    call.finish(message: [1], error: nil)
    try await connection.exchange()
    #expect(connection.takeEvents().contains(.streamClosed(stream: id, errorCode: 0)))
    #expect(!connection.isOpen)
  }

  @Test func theDrainTimeoutEndsAStuckCall() async throws {
    let server = Server()
    let connection = try await server.connect { $0.drainTimeout = .seconds(7) }
    _ = try connection.peer.openRequest(RawClient.headers, endStream: true)
    try await connection.exchange()
    let call = try #require(await server.nextCall())
    try await connection.onHandler { $0.beginDrain() }
    try await connection.advance(.milliseconds(6_999))
    #expect(connection.isOpen)
    try await connection.advance(.milliseconds(1))
    #expect(!connection.isOpen)
    await call.ended.wait()
    #expect(await status { _ = try await call.nextMessage() }?.code == .unavailable)
  }

  /// The last response must not be lost because the session is then finished.
  @Test func aDrainedConnectionClosesAfterItsLastBytesAreWritten() async throws {
    let server = Server()
    let connection = try await server.connect()
    let id = try connection.peer.openRequest(RawClient.headers, endStream: true)
    try await connection.exchange()
    let call = try #require(await server.nextCall())
    try await connection.onHandler { $0.beginDrain() }
    try await connection.advance(.seconds(1))
    try await connection.setValve(isOpen: false)
    call.finish(message: pattern(50_000), error: nil)
    try await connection.exchange()
    #expect(connection.isOpen)
    try await connection.setValve(isOpen: true)
    try await connection.exchange()
    let bytes = connection.takeEvents().reduce(0) { count, event in
      if case .data(id, let bytes, _) = event { count + bytes.count } else { count }
    }
    #expect(bytes == 50_005)
    #expect(!connection.isOpen)
  }

  // MARK: - Held bytes

  /// A call whose client has sent messages of these sizes.
  private func openCall(
    on connection: Connection, of server: Server, sizes: [Int]
  ) async throws -> (id: Int32, call: ServerCall) {
    let id = try connection.peer.openRequest(RawClient.headers, endStream: false)
    for size in sizes {
      try connection.peer.send(stream: id, framed(pattern(size)), endStream: false)
    }
    try await connection.exchange()
    return (id, try #require(await server.nextCall()))
  }

  @Test func aMessageCountsUntilTheNextIsAskedForUnlessItIsKept() async throws {
    let server = Server()
    let connection = try await server.connect()
    let (_, call) = try await openCall(on: connection, of: server, sizes: [1_000, 200, 30])
    #expect(server.held.count == 1_230)
    #expect(call.keepLastMessage() == nil)
    #expect(try await call.nextMessage()?.count == 1_000)
    var kept = call.keepLastMessage()
    #expect(try await call.nextMessage()?.count == 200)
    #expect(server.held.count == 1_230)
    #expect(try await call.nextMessage()?.count == 30)
    #expect(server.held.count == 1_030)
    // The optimiser may let go of what nobody looks at again.
    withExtendedLifetime(kept) {}
    kept = nil
    #expect(server.held.count == 30)
    call.finish(message: nil, error: nil)
    #expect(server.held.count == 0)
    try await connection.exchange()
    try await connection.close()
  }

  @Test func aMessageInWorkCountsThoughItsClientHasLeft() async throws {
    let server = Server()
    let connection = try await server.connect()
    let (id, call) = try await openCall(on: connection, of: server, sizes: [500, 70])
    #expect(try await call.nextMessage()?.count == 500)
    connection.peer.reset(stream: id, errorCode: Session.ErrorCode.cancel)
    try await connection.exchange()
    #expect(server.held.count == 500)
    call.finish(message: nil, error: nil)
    #expect(server.held.count == 0)
    try await connection.exchange()
    try await connection.close()
  }

  // MARK: - What is left behind

  @Test func aClosedConnectionIsFreedThoughItsTimersHaveNotRunOut() async throws {
    let server = Server()
    let connection = try await server.connect()
    let headers = RawClient.headers + [.init("grpc-timeout", "1H")]
    let id = try connection.peer.openRequest(headers, endStream: false)
    try connection.peer.send(stream: id, Array(framed(pattern(100)).dropLast()), endStream: false)
    try await connection.exchange()
    #expect(server.held.count == 104)
    let call = try #require(await server.nextCall())
    try await connection.onHandler { $0.beginDrain() }
    try await connection.advance(.seconds(1))
    let driver = try await connection.onHandler { WeakHandler($0.driver) }
    try await connection.close()
    #expect(server.held.count == 0)
    await call.ended.wait()
    #expect(await status { try await call.send([1]) }?.code == .unavailable)
    call.finish(message: nil, error: nil)
    await connection.loop.run()
    _ = consume call
    #expect(!connection.isAlive)
    #expect(driver.value == nil)
  }

  @Test func aProbedConnectionIsFreedWhenClosed() async throws {
    let connection = try await Server().connect()
    try await connection.exchange()
    await connection.loop.advanceTime(by: .seconds(125))
    let driver = try await connection.onHandler { WeakHandler($0.driver) }
    try await connection.close()
    #expect(!connection.isAlive)
    #expect(driver.value == nil)
  }

  @Test func lateCommandsForAClosedStreamLeaveNothing() async throws {
    let server = Server()
    let connection = try await server.connect()
    for _ in 0..<20 {
      let id = try connection.peer.openRequest(RawClient.headers, endStream: true)
      try await connection.exchange()
      let call = try #require(await server.nextCall())
      connection.peer.reset(stream: id, errorCode: Session.ErrorCode.cancel)
      try await connection.exchange()
      let sender = Task { await status { try await call.send([1]) } }
      sender.cancel()
      #expect(await sender.value?.code == .cancelled)
      call.finish(message: [1], error: nil)
      try await connection.exchange()
    }
    #expect(try await connection.onHandler { $0.driver.isIdle })
    try await connection.close()
  }
}
