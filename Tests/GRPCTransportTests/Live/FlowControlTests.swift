import Synchronization
import Testing

@testable import GRPCTransport

/// Whoever does not read stops who sends to it, and nobody else.
@Suite(.timeLimit(.minutes(1)))
struct FlowControlTests {
  private static let messageSize = 65_536
  /// Messages on their way before a sender waits: the stream's window, the sender's watermark, and the one over it.
  private static let most = (256 << 10) / messageSize + SessionDriver.highWatermark / messageSize + 1
  private static let count = 100

  private final class Progress: Sendable {
    let sent = Atomic(0)
    var now: Int { sent.load(ordering: .relaxed) }
  }

  /// Gives both sides ample occasion to go on if they could.
  private func roundTrips(_ channel: GRPCChannel) async throws {
    for _ in 0..<100 { _ = try await channel.unary("/test.Control/Echo", [1]) }
  }

  @Test func aHandlerThatDoesNotReadStopsTheClient() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(
        Script("f", .awaitGate("go"), .readAll, .reply(count: 1, size: 1)))
      let progress = Progress()
      async let sending: Void = {
        for seed in 0..<Self.count {
          try await call.send(pattern(Self.messageSize, seed: seed))
          progress.sent.wrappingAdd(1, ordering: .relaxed)
        }
      }()
      while progress.now < Self.most - 2 { await Task.yield() }
      try await roundTrips(channel)
      #expect(progress.now <= Self.most)
      #expect(server.server.held.count <= (256 << 10) + 16_384)
      server.service.open("go")
      try await sending
      call.finishSending()
      #expect(try await replies(call) == [pattern(1)])
      await channel.close()
    }
  }

  @Test func aClientThatDoesNotReadStopsTheHandler() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(
        Script("f", .reply(count: Self.count, size: Self.messageSize)))
      call.finishSending()
      let sent = { server.service.sent.load(ordering: .relaxed) }
      while sent() < Self.most - 2 { await Task.yield() }
      try await roundTrips(channel)
      #expect(sent() <= Self.most)
      #expect(
        try await replies(call) == (0..<Self.count).map { pattern(Self.messageSize, seed: $0) })
      #expect(sent() == Self.count)
      await channel.close()
    }
  }

  /// Paused calls keep their own share of the window, not everybody's.
  @Test func pausedCallsDoNotStopOthers() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      try await withThrowingDiscardingTaskGroup { group in
        for index in 0..<20 {
          let call = try await channel.stream(
            Script("p\(index)", .report("paused"), .awaitGate("go"), .readAll))
          group.addTask {
            for _ in 0..<Self.count { try await call.send(pattern(Self.messageSize)) }
            call.finishSending()
            let rest = try await replies(call)
            #expect(rest.isEmpty)
          }
        }
        for _ in 0..<20 { _ = await server.service.reports.next() }
        while server.server.held.count < 19 * (256 << 10) { await Task.yield() }
        try await roundTrips(channel)
        #expect(try await channel.unary("/test.Control/Echo", pattern(2 << 20)).count == 2 << 20)
        server.service.open("go")
      }
      await channel.close()
    }
  }

  @Test func aMessageLargerThanTheWindowBehindAnUnreadOne() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(Script("l", .awaitGate("go"), .echo))
      async let sending: Void = {
        try await call.send([1])
        try await call.send(pattern(3 << 20))
        call.finishSending()
      }()
      try await roundTrips(channel)
      server.service.open("go")
      #expect(try await call.nextMessage() == [1])
      #expect(try await call.nextMessage() == pattern(3 << 20))
      #expect(try await call.nextMessage() == nil)
      try await sending
      await channel.close()
    }
  }
}
