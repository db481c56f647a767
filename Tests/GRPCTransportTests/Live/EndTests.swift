import Testing

@testable import GRPCTransport

/// Calls that end otherwise than by their handler's will.
@Suite(.timeLimit(.minutes(1)))
struct EndTests {
  // MARK: - Deadline

  @Test func aHandlerIsCancelledAtTheDeadline() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.start("/test.Control/Wait", timeout: .milliseconds(50))
      #expect(await status { _ = try await call.nextMessage() }?.code == .deadlineExceeded)
      #expect(await server.service.reports.next() == "wait: cancelled")
      await channel.close()
    }
  }

  @Test func aHandlerThatReadsLearnsOfTheDeadline() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.start("/test.Control/Read", timeout: .milliseconds(50))
      #expect(await status { _ = try await call.nextMessage() }?.code == .deadlineExceeded)
      // Whichever is faster: the deadline itself or the cancellation of the handler's task.
      let report = await server.service.reports.next()
      #expect(["read: deadlineExceeded", "read: cancelled"].contains(report))
      await channel.close()
    }
  }

  @Test func aHandlerThatIgnoresTheDeadlineDoesNotKeepTheClient() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let error = await status {
        _ = try await channel.unary(
          "/test.Control/Unary", Script("u", .awaitGate("go"), .reply(count: 1, size: 1)).bytes,
          timeout: .milliseconds(50))
      }
      #expect(error?.code == .deadlineExceeded)
      server.service.open("go")
      #expect(try await channel.unary("/test.Control/Echo", [1]) == [1])
      await channel.close()
    }
  }

  @Test(arguments: [Duration.zero, .seconds(-5)])
  func noTimeAtAll(_ timeout: Duration) async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let error = await status {
        let script = Script("z", .awaitCancellation)
        _ = try await channel.unary("/test.Control/Unary", script.bytes, timeout: timeout)
      }
      #expect(error?.code == .deadlineExceeded)
      await channel.close()
    }
  }

  @Test(arguments: [Duration.seconds(60), .seconds(3_600 * 24 * 400), .seconds(Int64.max)])
  func longDeadlinesDoNotEndACall(_ timeout: Duration) async throws {
    try await withServer { server in
      let channel = try await server.connect()
      #expect(try await channel.unary("/test.Control/Echo", [1], timeout: timeout) == [1])
      await channel.close()
    }
  }

  /// Thousands of calls that expire together look like nothing worse to the server.
  @Test func manyDeadlinesAtOnce() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      await withDiscardingTaskGroup { group in
        for _ in 0..<2_500 {
          group.addTask {
            let script = Script("m", .awaitCancellation)
            let error = await status {
              _ = try await channel.unary(
                "/test.Control/Unary", script.bytes, timeout: .milliseconds(300))
            }
            #expect(error?.code == .deadlineExceeded)
          }
        }
      }
      #expect(try await channel.unary("/test.Control/Echo", [1]) == [1])
      await channel.close()
    }
  }

  // MARK: - Cancellation by the client

  @Test func cancelReachesTheHandler() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(Script("c", .report("here"), .awaitCancellation))
      #expect(await server.service.reports.next() == "c: here")
      call.cancel()
      #expect(await status { _ = try await call.nextMessage() }?.code == .cancelled)
      #expect(await server.service.reports.next() == "c: cancelled")
      await channel.close()
    }
  }

  @Test func cancellingTheReadingTaskReachesTheHandler() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let reader = Task {
        await status {
          let script = Script("t", .report("here"), .awaitCancellation)
          _ = try await channel.unary("/test.Control/Unary", script.bytes)
        }
      }
      #expect(await server.service.reports.next() == "t: here")
      reader.cancel()
      #expect(await reader.value?.code == .cancelled)
      #expect(await server.service.reports.next() == "t: cancelled")
      await channel.close()
    }
  }

  @Test func cancellingTheSendingTaskReachesTheHandler() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(Script("s", .report("here"), .awaitCancellation))
      let sender = Task {
        await status { while true { try await call.send(pattern(100_000)) } }
      }
      #expect(await server.service.reports.next() == "s: here")
      while server.server.held.count < 100_000 { await Task.yield() }
      sender.cancel()
      #expect(await sender.value?.code == .cancelled)
      #expect(await server.service.reports.next() == "s: cancelled")
      await channel.close()
    }
  }

  @Test func lettingGoOfACallReachesTheHandler() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      do {
        let call = try await channel.stream(Script("g", .report("here"), .awaitCancellation))
        #expect(await server.service.reports.next() == "g: here")
        call.finishSending()
      }
      #expect(await server.service.reports.next() == "g: cancelled")
      await channel.close()
    }
  }

  @Test func aHandlerThatSendsIsWokenByCancellation() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(
        Script("w", .reportFailure, .reply(count: 1_000, size: 100_000)))
      #expect(try await call.nextMessage() == pattern(100_000))
      call.cancel()
      #expect(await server.service.reports.next()?.hasPrefix("w: cancelled") == true)
      await channel.close()
    }
  }

  /// Cancelled at every moment of a call's life, nothing is left hanging.
  @Test func cancellationAtAnyMoment() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      for round in 0..<300 {
        let task = Task {
          await status {
            let call = try await channel.stream(Script("r", .echo))
            for _ in 0..<10 {
              try await call.send(pattern(10_000))
              _ = try await call.nextMessage()
            }
            call.finishSending()
            _ = try await replies(call)
          }
        }
        for _ in 0..<round { await Task.yield() }
        task.cancel()
        let error = await task.value
        #expect(error == nil || error?.code == .cancelled)
      }
      #expect(try await channel.unary("/test.Control/Echo", [1]) == [1])
      await channel.close()
    }
  }

  // MARK: - Loss of the connection

  @Test func handlersAreCancelledAndCallsFailWhenTheConnectionIsLost() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      var calls: [ClientCall] = []
      for _ in 0..<10 {
        calls.append(try await channel.stream(Script("l", .report("here"), .awaitCancellation)))
      }
      for _ in 0..<10 { #expect(await server.service.reports.next() == "l: here") }
      await channel.close()
      for _ in 0..<10 { #expect(await server.service.reports.next() == "l: cancelled") }
      for call in calls {
        #expect(await status { _ = try await call.nextMessage() }?.code == .unavailable)
        #expect(await status { try await call.send([1]) } != nil)
      }
      #expect(await status { _ = try await channel.unary("/test.Control/Echo", []) }?.code == .unavailable)
    }
  }

  @Test func waitingSendersFailWhenTheConnectionIsLost() async throws {
    try await withServer { server in
      let channel = try await server.connect()
      let call = try await channel.stream(
        Script("l", .reportFailure, .reply(count: 1_000, size: 100_000)))
      let sender = Task {
        await status { while true { try await call.send(pattern(100_000)) } }
      }
      #expect(try await call.nextMessage() == pattern(100_000))
      while server.server.held.count < 100_000 { await Task.yield() }
      await channel.close()
      #expect(await sender.value?.code == .unavailable)
      #expect(await server.service.reports.next() != nil)
    }
  }
}
