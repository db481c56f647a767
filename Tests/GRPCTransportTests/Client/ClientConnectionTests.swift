import HTTP2
import NIOCore
import NIOEmbedded
import Testing

@testable import GRPCTransport

/// One outgoing connection whose server answers as the test says, right or wrong.
@Suite(.timeLimit(.minutes(1)))
struct ClientConnectionTests {
  typealias Connection = TestConnection<ClientConnectionHandler>

  private static let ok: Metadata = [
    .init(":status", "200"), .init("content-type", "application/grpc"),
  ]

  private func connect(limit: Int = 1 << 20) async throws -> Connection {
    let connection = try await TestConnection(peer: .server) {
      try ClientConnectionHandler(maximumMessageBytes: limit)
    }
    try await connection.exchange()
    return connection
  }

  /// Opens a call; gives it and its stream.
  private func open(
    _ connection: Connection, timeout: Duration? = nil, message: [UInt8]? = nil
  ) async throws -> (ClientCall, Int32) {
    let result = try await connection.onHandler {
      $0.open(RawClient.headers, timeout: timeout, message: message)
    }
    try await connection.exchange()
    for event in connection.takeEvents() {
      if case .headers(let id, _, _) = event { return (try result.get(), id) }
    }
    throw ChannelError.eof
  }

  /// The status of a call whose server does as `answer` says.
  private func outcome(
    limit: Int = 1 << 20, _ answer: (Session, Int32) throws -> Void
  ) async throws -> GRPCError? {
    let connection = try await connect(limit: limit)
    let (call, id) = try await open(connection, message: [1])
    try answer(connection.peer, id)
    try await connection.exchange()
    let outcome = await status { while try await call.nextMessage() != nil {} }
    try await connection.close()
    return outcome
  }

  // MARK: - Wrong answers

  @Test(
    arguments: [
      ("400", .internal), ("401", .unauthenticated), ("403", .permissionDenied),
      ("404", .unimplemented), ("429", .unavailable), ("503", .unavailable), ("200", .unknown),
      ("500", .unknown),
    ] as [(String, GRPCError.Code)])
  func aServerThatDoesNotSpeakGRPC(_ httpStatus: String, _ code: GRPCError.Code) async throws {
    let error = try await outcome { server, id in
      try server.respond(
        stream: id, [.init(":status", httpStatus), .init("content-type", "text/html")],
        endStream: false)
    }
    #expect(error?.code == code)
    #expect(error?.message.contains(httpStatus) == true)
  }

  @Test(
    arguments: [
      (nil, .unknown), ("x", .unknown), ("99", .unknown), ("-1", .unknown),
      ("14", .unavailable), ("0", nil),
    ] as [(String?, GRPCError.Code?)])
  func statusValues(_ value: String?, _ code: GRPCError.Code?) async throws {
    let trailers: Metadata = value.map { [.init("grpc-status", $0)] } ?? [.init("x", "1")]
    let inTrailers = try await outcome { server, id in
      try server.respond(stream: id, Self.ok, endStream: false)
      try server.sendTrailers(stream: id, trailers)
    }
    #expect(inTrailers?.code == code)
    let alone = try await outcome { server, id in
      try server.respond(stream: id, Self.ok + trailers, endStream: true)
    }
    #expect(alone?.code == code)
  }

  @Test func anEndWithoutTrailers() async throws {
    let error = try await outcome { server, id in
      try server.respond(stream: id, Self.ok, endStream: false)
      try server.send(stream: id, framed([1]), endStream: true)
    }
    #expect(error?.code == .internal)
  }

  @Test func statusOKInsideAMessage() async throws {
    let error = try await outcome { server, id in
      try server.respond(stream: id, Self.ok, endStream: false)
      try server.send(stream: id, [0, 0, 0, 0, 9, 1], endStream: false)
      try server.sendTrailers(stream: id, [.init("grpc-status", "0")])
    }
    #expect(error?.code == .internal)
  }

  @Test func messagesThatCannotBeRead() async throws {
    for (wire, code) in [
      ([3, 0, 0, 0, 0], .internal), (framed(pattern(11)), .resourceExhausted),
      (framed([1, 2], isCompressed: true), .internal),
      (framed(deflated(pattern(11), as: .gzip), isCompressed: true), .resourceExhausted),
    ] as [([UInt8], GRPCError.Code)] {
      let error = try await outcome(limit: 10) { server, id in
        try server.respond(stream: id, Self.ok, endStream: false)
        try server.send(stream: id, wire, endStream: false)
      }
      #expect(error?.code == code)
    }
  }

  @Test(
    arguments: [
      (Session.ErrorCode.refusedStream, .unavailable),
      (Session.ErrorCode.enhanceYourCalm, .resourceExhausted), (Session.ErrorCode.cancel, .cancelled),
      (Session.ErrorCode.internalError, .cancelled),
    ] as [(UInt32, GRPCError.Code)])
  func resets(_ errorCode: UInt32, _ code: GRPCError.Code) async throws {
    let error = try await outcome { server, id in server.reset(stream: id, errorCode: errorCode) }
    #expect(error?.code == code)
  }

  @Test func rubbishInsteadOfHTTP2() async throws {
    let connection = try await connect()
    let (call, _) = try await open(connection, message: [1])
    try await connection.channel.writeInbound(ByteBuffer(repeating: 0xFF, count: 100))
    await connection.loop.run()
    #expect(!connection.isOpen)
    #expect(await status { _ = try await call.nextMessage() }?.code == .unavailable)
  }

  // MARK: - Right answers

  @Test func compressedReplies() async throws {
    let connection = try await connect()
    let (call, id) = try await open(connection, message: [1])
    try connection.peer.respond(stream: id, Self.ok + [.init("grpc-encoding", "gzip")], endStream: false)
    let wire = framed(deflated(pattern(999), as: .gzip), isCompressed: true)
    try connection.peer.send(stream: id, wire, endStream: false)
    try connection.peer.sendTrailers(stream: id, [.init("grpc-status", "0")])
    try await connection.exchange()
    #expect(try await call.nextMessage() == pattern(999))
    #expect(try await call.nextMessage() == nil)
    try await connection.close()
  }

  /// A server need not reset a stream that it ended before the client did; then the client ends it.
  @Test(arguments: [1_000, 1_000_000])
  func anEarlyStatusClosesTheStream(_ unsent: Int) async throws {
    let connection = try await connect()
    let (call, id) = try await open(connection)
    let sender = Task { await status { try await call.send(pattern(unsent)) } }
    while connection.peer.openStreams == 1, !connection.events.contains(where: \.isData) {
      try await connection.exchange()
    }
    try connection.peer.respond(
      stream: id, Self.ok + [.init("grpc-status", "8")], endStream: true)
    try await connection.exchange()
    let outcome = await status { _ = try await call.nextMessage() }
    #expect(outcome?.code == .resourceExhausted)
    _ = await sender.value
    try await connection.exchange()
    #expect(connection.peer.openStreams == 0)
    #expect(try await connection.onHandler { $0.isIdle })
    try await connection.close()
  }

  @Test func aConnectionThatGoesAwayFinishesItsCalls() async throws {
    let connection = try await connect()
    let (call, id) = try await open(connection, message: [1])
    connection.peer.goAway(errorCode: 0)
    try await connection.exchange()
    let refused = try await connection.onHandler { $0.open(RawClient.headers, timeout: nil) }
    #expect(throws: GRPCError.self) { try refused.get() }
    try connection.peer.respond(
      stream: id, Self.ok + [.init("grpc-status", "0")], endStream: true)
    try await connection.exchange()
    #expect(try await call.nextMessage() == nil)
    #expect(!connection.isOpen)
  }

  // MARK: - Deadline

  @Test func aServerThatDoesNotAnswerIsNotWaitedFor() async throws {
    let connection = try await connect()
    let (call, id) = try await open(connection, timeout: .seconds(5), message: [1])
    try await connection.advance(.milliseconds(4_999))
    #expect(!call.inbox.isFinished)
    try await connection.advance(.milliseconds(1))
    #expect(await status { _ = try await call.nextMessage() }?.code == .deadlineExceeded)
    // The server gets a moment to end the call by itself.
    #expect(connection.peer.openStreams == 1)
    try await connection.advance(.seconds(1))
    #expect(
      connection.takeEvents().contains(
        .streamClosed(stream: id, errorCode: Session.ErrorCode.cancel)))
    #expect(try await connection.onHandler { $0.isIdle })
    try await connection.close()
  }

  // MARK: - What is left behind

  @Test func aCallNobodyHoldsIsGivenUp() async throws {
    let connection = try await connect()
    let id = try await open(connection, timeout: .seconds(60)).1
    try await connection.exchange()
    #expect(
      connection.takeEvents().contains(
        .streamClosed(stream: id, errorCode: Session.ErrorCode.cancel)))
    #expect(try await connection.onHandler { $0.isIdle })
    try await connection.close()
  }

  @Test func aClosedConnectionIsFreed() async throws {
    let connection = try await connect()
    let (call, id) = try await open(connection, timeout: .seconds(60))
    try connection.peer.respond(stream: id, Self.ok, endStream: false)
    try await connection.exchange()
    try await connection.close()
    #expect(await status { _ = try await call.nextMessage() }?.code == .unavailable)
    #expect(await status { try await call.send([1]) }?.code == .unavailable)
    call.cancel()
    await connection.loop.run()
    _ = consume call
    #expect(!connection.isAlive)
  }
}

extension Session.Event {
  fileprivate var isData: Bool {
    if case .data = self { true } else { false }
  }
}
