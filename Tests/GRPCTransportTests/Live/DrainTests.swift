import NIOPosix
import Testing

@testable import GRPCTransport

@Suite(.timeLimit(.minutes(1)))
struct DrainTests {
  @Test func anIdleServerReturns() async throws {
    try await withServer { _ in }
  }

  @Test func idleConnectionsAreClosed() async throws {
    try await withServer { server in
      var channels: [GRPCChannel] = []
      for _ in 0..<5 { channels.append(try await server.connect()) }
      _ = try await channels[0].unary("/test.Control/Echo", [])
      // withServer drains and waits; no channel is closed from here.
    }
  }

  @Test func anOpenCallFinishesAndNoOtherStarts() async throws {
    let rest = Mailbox<[[UInt8]]>()
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(
        Script("o", .report("here"), .awaitGate("go"), .reply(count: 3, size: 50_000)))
      #expect(await server.service.reports.next() == "o: here")
      server.server.beginDrain()
      server.server.beginDrain()
      // The notice arrives on its own; from then on the connection takes no call.
      while await status(of: { _ = try await channel.unary("/test.Control/Echo", []) }) == nil {}
      while await status(of: { await (try server.connect()).close() }) == nil {}
      server.service.open("go")
      call.finishSending()
      rest.put(try await replies(call))
    }
    #expect(await rest.next()?.count == 3)
  }

  @Test func aSlowReaderGetsTheWholeLastResponse() async throws {
    try await withServer { server in
      try await RawClient.connect(to: server, window: 1 << 30) { client in
        let script = Script("w", .report("here"), .awaitGate("go"), .reply(count: 200, size: 100_000))
        let id = try client.open()
        try client.session.send(stream: id, framed(script.bytes), endStream: true)
        try await client.flush()
        #expect(await server.service.reports.next() == "w: here")
        server.server.beginDrain()
        server.service.open("go")
        try await client.run { client.responses[id]?.trailers != nil }
        #expect(client.responses[id]?.body.count == 200 * 100_005)
        #expect(client.responses[id]?.status == "0")
      }
    }
  }

  @Test func stuckCallsAreEndedByTheTimeout() async throws {
    try await withServer {
      $0.drainTimeout = .milliseconds(200)
    } _: { server in
      let channel = try await server.connect()
      let call = try await channel.stream(Script("s", .report("here"), .awaitCancellation))
      #expect(await server.service.reports.next() == "s: here")
      server.server.beginDrain()
      #expect(await status { _ = try await call.nextMessage() }?.code == .unavailable)
      #expect(await server.service.reports.next() == "s: cancelled")
    }
  }

  @Test func drainedBeforeItServes() async throws {
    let service = ControlService()
    var configuration = GRPCServerConfiguration()
    configuration.port = 0
    let server = GRPCServer(
      configuration: configuration, routes: service.routes,
      group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
    server.beginDrain()
    try await server.serve { _ in Issue.record("a drained server listens") }
  }

  @Test func cancellingServeEndsItAndItsCalls() async throws {
    let service = ControlService()
    var configuration = GRPCServerConfiguration()
    configuration.port = 0
    let server = GRPCServer(
      configuration: configuration, routes: service.routes,
      group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
    let ports = Mailbox<Int>()
    let serving = Task { try await server.serve { ports.put($0) } }
    let port = try #require(await ports.next())
    let channel = try await GRPCChannel.connect(
      host: "127.0.0.1", port: port, group: MultiThreadedEventLoopGroup.singleton)
    let call = try await channel.stream(Script("c", .report("here"), .awaitCancellation))
    #expect(await service.reports.next() == "c: here")
    serving.cancel()
    #expect(await status { _ = try await call.nextMessage() }?.code == .unavailable)
    #expect(await service.reports.next() == "c: cancelled")
    _ = await serving.result
    #expect(server.held.count == 0)
  }

  @Test func aPortInUseIsAnError() async throws {
    try await withServer { server in
      var configuration = GRPCServerConfiguration()
      configuration.port = server.port
      let second = GRPCServer(
        configuration: configuration, routes: Routes(),
        group: MultiThreadedEventLoopGroup.singleton, logger: .silent)
      await #expect(throws: (any Error).self) { try await second.serve() }
    }
  }
}
