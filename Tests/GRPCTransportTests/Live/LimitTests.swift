import Testing

@testable import GRPCTransport

@Suite(.timeLimit(.minutes(1)))
struct LimitTests {
  @Test func connectionsOverTheLimitAreClosedAndAFreedPlaceIsTaken() async throws {
    try await withServer {
      $0.maximumConnections = 2
    } _: { server in
      let first = try await server.connect()
      let second = try await server.connect()
      _ = try await first.unary("/test.Control/Echo", [])
      _ = try await second.unary("/test.Control/Echo", [])
      let third = try await server.connect()
      #expect(await status { _ = try await third.unary("/test.Control/Echo", []) }?.code == .unavailable)
      _ = try await first.unary("/test.Control/Echo", [])
      await second.close()
      // The server learns of the closing on its own time.
      var isIn = false
      while !isIn {
        let fourth = try await server.connect()
        isIn = await status { _ = try await fourth.unary("/test.Control/Echo", []) } == nil
        await fourth.close()
      }
      await first.close()
      await third.close()
    }
  }

  /// A handler that works on its message keeps it counted.
  @Test func unaryMessagesCountUntilTheirCallIsOver() async throws {
    try await withServer {
      $0.maximumHeldBytes = 150_000
    } _: { server in
      let channel = try await server.connect()
      var script = Script("h", .report("here"), .awaitGate("go"), .reply(count: 1, size: 1))
      script.name = String(repeating: "h", count: 100_000)
      let body = script.bytes
      async let reply = channel.unary("/test.Control/Unary", body)
      _ = await server.service.reports.next()
      #expect(server.server.held.count >= body.count)
      let error = await status { _ = try await channel.unary("/test.Control/Echo", body) }
      #expect(error?.code == .resourceExhausted)
      #expect(try await channel.unary("/test.Control/Echo", pattern(10_000)).count == 10_000)
      server.service.open("go")
      #expect(try await reply == pattern(1))
      #expect(try await channel.unary("/test.Control/Echo", body) == body)
      await channel.close()
    }
  }

  @Test func unreadStreamMessagesCountUntilTheyAreRead() async throws {
    try await withServer {
      $0.maximumHeldBytes = 100_000
    } _: { server in
      let channel = try await server.connect()
      let call = try await channel.stream(Script("s", .report("here"), .awaitGate("go"), .echo))
      #expect(await server.service.reports.next() == "s: here")
      try await call.send(pattern(80_000))
      while server.server.held.count < 80_000 { await Task.yield() }
      let error = await status { _ = try await channel.unary("/test.Control/Echo", pattern(50_000)) }
      #expect(error?.code == .resourceExhausted)
      server.service.open("go")
      #expect(try await call.nextMessage() == pattern(80_000))
      // Read and answered: counted no longer, though the call goes on.
      while server.server.held.count > 0 { await Task.yield() }
      #expect(try await channel.unary("/test.Control/Echo", pattern(50_000)).count == 50_000)
      call.finishSending()
      #expect(try await call.nextMessage() == nil)
      await channel.close()
    }
  }

  @Test func aStreamMessageCountsUntilTheNextIsAskedFor() async throws {
    try await withServer {
      $0.maximumHeldBytes = 150_000
    } _: { server in
      let channel = try await server.connect()
      let call = try await channel.stream(
        Script("s", .read(1), .report("read"), .awaitGate("go"), .readAll, .reply(count: 1, size: 1)))
      let body = pattern(100_000)
      try await call.send(body)
      #expect(await server.service.reports.next() == "s: read")
      let error = await status { _ = try await channel.unary("/test.Control/Echo", body) }
      #expect(error?.code == .resourceExhausted)
      server.service.open("go")
      while server.server.held.count > 0 { await Task.yield() }
      #expect(try await channel.unary("/test.Control/Echo", body) == body)
      call.finishSending()
      #expect(try await replies(call) == [pattern(1)])
      await channel.close()
    }
  }

  /// A message in work counts, but its credit has gone back: the next one comes meanwhile.
  @Test func aMessageInWorkDoesNotStopTheNext() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(
        Script("s", .read(1), .report("read"), .awaitGate("go"), .readAll, .reply(count: 1, size: 1)))
      try await call.send(pattern(3 << 20))
      #expect(await server.service.reports.next() == "s: read")
      try await call.send(pattern(200_000))
      while server.server.held.count < (3 << 20) + 200_000 { await Task.yield() }
      server.service.open("go")
      call.finishSending()
      #expect(try await replies(call) == [pattern(1)])
      await channel.close()
    }
  }
}
