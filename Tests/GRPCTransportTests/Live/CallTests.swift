import NIOPosix
import Testing

@testable import GRPCTransport

@Suite(.timeLimit(.minutes(1)))
struct CallTests {
  @Test(arguments: [0, 1, 5, 16_384, 300_000, 4 << 20])
  func unaryEcho(_ size: Int) async throws {
    try await withServer { server in
      let channel = try await server.connect()
      #expect(try await channel.unary("/test.Control/Echo", pattern(size)) == pattern(size))
      await channel.close()
    }
  }

  @Test func theAddressMayBeAnIPv6One() async throws {
    try await withServer {
      $0.host = "::1"
    } _: { server in
      let channel = try await server.connect()
      #expect(try await channel.unary("/test.Control/Echo", [1]) == [1])
      await channel.close()
    }
  }

  @Test func nobodyListens() async throws {
    let error = try #require(
      await status { _ = try await LiveServer.unused().connect() })
    #expect(error.code == .unavailable)
    #expect(error.message.contains("127.0.0.1"))
  }

  @Test func serverStreaming() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(Script("s", .reply(count: 100, size: 1_000)))
      call.finishSending()
      #expect(try await replies(call) == (0..<100).map { pattern(1_000, seed: $0) })
      await channel.close()
    }
  }

  @Test func clientStreaming() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(Script("c", .readAll, .reply(count: 1, size: 7)))
      for seed in 0..<500 { try await call.send(pattern(1_000, seed: seed)) }
      call.finishSending()
      #expect(try await replies(call) == [pattern(7)])
      await channel.close()
    }
  }

  @Test func bidirectionalStreaming() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(Script("b", .echo))
      for seed in 0..<200 {
        try await call.send(pattern(seed * 37, seed: seed))
        #expect(try await call.nextMessage() == pattern(seed * 37, seed: seed))
      }
      call.finishSending()
      #expect(try await call.nextMessage() == nil)
      await channel.close()
    }
  }

  @Test func aMessageOverTheServersLimit() async throws {
    try await withServer {
      $0.maximumMessageBytes = 1_000
    } _: { server in
      let channel = try await server.connect()
      #expect(try await channel.unary("/test.Control/Echo", pattern(1_000)).count == 1_000)
      let error = await status { _ = try await channel.unary("/test.Control/Echo", pattern(1_001)) }
      #expect(error?.code == .resourceExhausted)
      // The connection is none the worse for it.
      #expect(try await channel.unary("/test.Control/Echo", [1]) == [1])
      await channel.close()
    }
  }

  @Test func aMessageFarOverTheServersLimit() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let error = await status { _ = try await channel.unary("/test.Control/Echo", pattern(20 << 20)) }
      #expect(error?.code == .resourceExhausted)
      #expect(try await channel.unary("/test.Control/Echo", [1]) == [1])
      await channel.close()
    }
  }

  @Test func aReplyOverTheClientsLimit() async throws {
    try await withServer { server in
      let channel = try await GRPCChannel.connect(
        host: server.host, port: server.port, group: MultiThreadedEventLoopGroup.singleton,
        maximumMessageBytes: 100)
      let error = await status { _ = try await channel.unary("/test.Control/Echo", pattern(101)) }
      #expect(error?.code == .resourceExhausted)
      #expect(try await channel.unary("/test.Control/Echo", pattern(100)).count == 100)
      await channel.close()
    }
  }

  // MARK: - Status

  @Test(arguments: GRPCError.Code.allCases, [false, true])
  func everyStatusArrives(_ code: GRPCError.Code, afterMessage: Bool) async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let message = " 100% 두리\n"
      var script = Script("f", .fail(code: code.rawValue, message: message, metadata: ["x-hint": "7"]))
      if afterMessage { script.steps.insert(.reply(count: 1, size: 10), at: 0) }
      let call = try await channel.stream(script)
      if afterMessage { #expect(try await call.nextMessage() == pattern(10)) }
      let error = await status { _ = try await call.nextMessage() }
      #expect(error?.code == code)
      #expect(error?.message == message)
      #expect(error?.metadata.first("x-hint") == "7")
      await channel.close()
    }
  }

  /// A status that HTTP/2 cannot carry must not leave the client waiting.
  @Test(arguments: ["UPPER", "", "a b", ":path"], [false, true])
  func metadataThatCannotBeSent(_ name: String, afterMessage: Bool) async throws {
    try await withServer { server in
      let channel = try await server.connect()
      var script = Script("f", .fail(code: 5, message: "gone", metadata: [name: "1"]))
      if afterMessage { script.steps.insert(.reply(count: 1, size: 10), at: 0) }
      let call = try await channel.stream(script)
      if afterMessage { _ = try await call.nextMessage() }
      #expect(await status { _ = try await call.nextMessage() }?.code == .notFound)
      await channel.close()
    }
  }

  @Test func aVeryLongMessageIsCut() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let message = String(repeating: "길다 ", count: 20_000)
      let call = try await channel.stream(Script("f", .fail(code: 9, message: message)))
      let error = await status { _ = try await call.nextMessage() }
      #expect(error?.code == .failedPrecondition)
      #expect(message.hasPrefix(error?.message.trimmingSuffix(" ") ?? "x"))
      await channel.close()
    }
  }

  @Test func anErrorThatIsNoStatusSaysNothing() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(Script("f", .failUnexpectedly))
      let error = await status { _ = try await call.nextMessage() }
      #expect(error?.code == .internal)
      #expect(error?.message == "internal error")
      await channel.close()
    }
  }

  @Test func anUnknownMethod() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let error = await status { _ = try await channel.unary("/test.Control/None", [1]) }
      #expect(error?.code == .unimplemented)
      let large = await status { _ = try await channel.unary("/test.Control/None", pattern(1 << 20)) }
      #expect(large?.code == .unimplemented)
      #expect(try await channel.unary("/test.Control/Echo", [1]) == [1])
      await channel.close()
    }
  }

  // MARK: - Answers before the client has finished

  @Test func theServerEndsWhileTheClientSends() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      for _ in 0..<50 {
        let call = try await channel.stream(Script("e", .fail(code: 3, message: "enough")))
        let sending = await status {
          while true { try await call.send(pattern(50_000)) }
        }
        #expect(sending != nil)
        #expect(await status { _ = try await call.nextMessage() }?.message == "enough")
      }
      #expect(try await channel.unary("/test.Control/Echo", [1]) == [1])
      await channel.close()
    }
  }

  /// Bodies that nobody reads must neither use up the connection's window nor keep their streams open.
  @Test func manyCallsWhoseBodiesAreNeverRead() async throws {
    try await withServer {
      $0.http2.maximumConcurrentStreams = 10
    } _: { server in
      let channel = try await server.connect()
      let body = pattern(20_000)
      for _ in 0..<10_000 {
        let error = await status { _ = try await channel.unary("/test.Control/Refuse", body) }
        #expect(error?.code == .permissionDenied)
      }
      #expect(try await channel.unary("/test.Control/Echo", body) == body)
      await channel.close()
    }
  }

  @Test func manyConcurrentCalls() async throws {
    try await withServer { server in
      var channels: [GRPCChannel] = []
      for _ in 0..<4 { channels.append(try await server.connect()) }
      try await withThrowingDiscardingTaskGroup { group in
        for index in 0..<500 {
          let channel = channels[index % channels.count]
          group.addTask {
            let message = pattern(index * 50, seed: index)
            #expect(try await channel.unary("/test.Control/Echo", message) == message)
            let call = try await channel.stream(Script("m", .echo))
            try await call.send(message)
            call.finishSending()
            #expect(try await replies(call) == [message])
          }
        }
      }
      for channel in channels { await channel.close() }
    }
  }

  /// More calls than the server takes at once wait for their turn.
  @Test func callsBeyondTheStreamLimitWait() async throws {
    try await withServer {
      $0.http2.maximumConcurrentStreams = 3
    } _: { server in
      let channel = try await server.connect()
      _ = try await channel.unary("/test.Control/Echo", [])
      try await withThrowingDiscardingTaskGroup { group in
        for index in 0..<100 {
          group.addTask {
            let reply = try await channel.unary("/test.Control/Echo", pattern(index))
            #expect(reply == pattern(index))
          }
        }
      }
      await channel.close()
    }
  }
}

extension String {
  fileprivate func trimmingSuffix(_ character: Character) -> String {
    var result = self
    while result.last == character { result.removeLast() }
    return result
  }
}
