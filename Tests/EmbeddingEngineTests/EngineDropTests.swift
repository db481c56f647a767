import Testing

@testable import EmbeddingEngine

/// Cancellation, deadlines, overload, shutdown.
@Suite(.timeLimit(.minutes(2))) struct EngineDropTests {
  private let blockLong = String(repeating: "x", count: 62)

  @Test func cancellingDropsWhatIsNotBeingComputed() async throws {
    let gate = Gate()
    let encoder = StubEncoder(gate: gate)
    let engine = stubEngine(encoder) { $0.blockTokens = 64 }
    let deliveries = Deliveries()
    let call = Task {
      try await engine.embed(
        inputs([blockLong, "queued", "queued too"]), deadline: nil, admission: .immediate,
        deliver: deliveries.deliver)
    }
    await until { gate.held == 1 }
    call.cancel()
    // Answered while the worker is still busy.
    await until { deliveries.count == 2 }
    #expect(deliveries.code(1) == .cancelled)
    #expect(deliveries.code(2) == .cancelled)
    gate.open()
    _ = try await call.value
    #expect(deliveries.vector(0) == StubEncoder.expected(blockLong))
    #expect(encoder.log.blocks == [[64]])
    #expect(engine.load.droppedTexts == 2)
    await engine.shutdown()
  }

  @Test func aCancelledTaskIsNotAdmitted() async {
    let engine = stubEngine()
    let call = Task {
      await until { false }
      return try await engine.embed(
        inputs(["a"]), deadline: nil, admission: .immediate
      ) { _, _ in }
    }
    call.cancel()
    let result = await call.result
    #expect(throws: EngineError.self) { try result.get() }
    #expect(engine.load.computedTexts == 0)
    await engine.shutdown()
  }

  @Test func aDeadlineIsKeptWhileWorkersAreBusy() async throws {
    let gate = Gate()
    let clock = ManualClock()
    let encoder = StubEncoder(gate: gate)
    let engine = stubEngine(encoder, clock: clock) { $0.blockTokens = 64 }
    async let busy = engine.embed(
      inputs([blockLong]), deadline: nil, admission: .immediate
    ) { _, _ in }
    await until { gate.held == 1 }
    let deliveries = Deliveries()
    let call = Task {
      try await engine.embed(
        inputs(["a", "b"]), deadline: clock.now + .seconds(1), admission: .immediate,
        deliver: deliveries.deliver)
    }
    await until { engine.load.queuedTexts == 2 }
    clock.advance(.seconds(1))
    engine.clockMoved()
    let timings = try await call.value
    #expect(deliveries.code(0) == .deadlineExceeded)
    #expect(deliveries.code(1) == .deadlineExceeded)
    #expect(timings.queue == .seconds(1))
    gate.open()
    _ = try await busy
    #expect(encoder.log.blocks == [[64]])
    await engine.shutdown()
  }

  /// On the real clock the engine wakes by itself.
  @Test func aDeadlineIsKeptByTheRealClock() async throws {
    let gate = Gate()
    let engine = stubEngine(StubEncoder(gate: gate)) { $0.blockTokens = 64 }
    async let busy = engine.embed(
      inputs([blockLong]), deadline: nil, admission: .immediate
    ) { _, _ in }
    await until { gate.held == 1 }
    let deliveries = Deliveries()
    _ = try await engine.embed(
      inputs(["a"]), deadline: .now + .milliseconds(20), admission: .immediate,
      deliver: deliveries.deliver)
    #expect(deliveries.code(0) == .deadlineExceeded)
    #expect(gate.held == 1)
    gate.open()
    _ = try await busy
    await engine.shutdown()
  }

  @Test func aPastDeadlineIsDeliveredWithoutComputing() async throws {
    let encoder = StubEncoder()
    let clock = ManualClock()
    let engine = stubEngine(encoder, clock: clock)
    let deliveries = Deliveries()
    _ = try await engine.embed(
      inputs(["a", "b"]), deadline: clock.now, admission: .immediate, deliver: deliveries.deliver)
    #expect(deliveries.code(0) == .deadlineExceeded)
    #expect(deliveries.code(1) == .deadlineExceeded)
    #expect(encoder.log.blocks.isEmpty)
    await engine.shutdown()
  }

  @Test func aFullQueueRefusesWithAHint() async throws {
    let gate = Gate()
    let engine = stubEngine(StubEncoder(gate: gate)) { $0.queueTokens = 100 }
    let deliveries = Deliveries()
    async let busy = engine.embed(
      inputs([blockLong]), deadline: nil, admission: .immediate
    ) { _, _ in }
    await until { gate.held == 1 }
    let error = await #expect(throws: EngineError.self) {
      try await engine.embed(
        inputs([String(repeating: "y", count: 50)]), deadline: nil, admission: .immediate,
        deliver: deliveries.deliver)
    }
    #expect(error?.code == .overloaded)
    // 64 tokens at the assumed 1000 tokens/s.
    #expect(error?.retryAfter == .seconds(0.064))
    #expect(error?.message == "the queue holds 64 of 100 tokens; retry in 64 ms")
    #expect(deliveries.count == 0)
    gate.open()
    _ = try await busy
    await engine.shutdown()
  }

  /// Many streams want far more than fits: they all get through, and the queue never holds more
  /// than its share.
  @Test func waitingCallsKeepTheQueueBounded() async throws {
    let gate = Gate()
    let engine = stubEngine(StubEncoder(gate: gate)) {
      $0.queueTokens = 400
      $0.blockTokens = 64
    }
    let deliveries = Deliveries()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for index in 0..<40 {
        group.addTask {
          _ = try await engine.embed(
            inputs([self.blockLong]), deadline: nil, admission: .waiting
          ) { _, result in deliveries.deliver(index, result) }
        }
      }
      // Three quarters of the budget, in texts of 64 tokens.
      await until { engine.load.waitingCalls == 36 && gate.held == 1 }
      for finished in 1...40 {
        gate.open()
        await until { deliveries.count == finished && (finished == 40 || gate.held == 1) }
        #expect(engine.load.admittedTokens <= 300)
        #expect(engine.load.waitingCalls == max(0, 36 - finished))
      }
      try await group.waitForAll()
    }
    for index in 0..<40 {
      #expect(deliveries.vector(index) == StubEncoder.expected(blockLong))
    }
    await engine.shutdown()
  }

  @Test func aWaitingCallCanBeCancelledOrExpire() async throws {
    let gate = Gate()
    let clock = ManualClock()
    let engine = stubEngine(StubEncoder(gate: gate), clock: clock) { $0.queueTokens = 100 }
    let deliveries = Deliveries()
    async let busy = engine.embed(
      inputs([blockLong]), deadline: nil, admission: .waiting
    ) { _, _ in }
    await until { gate.held == 1 }
    let cancelled = Task {
      try await engine.embed(
        inputs([blockLong]), deadline: nil, admission: .waiting, deliver: deliveries.deliver)
    }
    let expired = Task {
      try await engine.embed(
        inputs([blockLong]), deadline: clock.now + .seconds(1), admission: .waiting,
        deliver: deliveries.deliver)
    }
    await until { engine.load.waitingCalls == 2 }
    cancelled.cancel()
    await #expect(throws: EngineError.self) { try await cancelled.value }
    clock.advance(.seconds(1))
    engine.clockMoved()
    let error = await #expect(throws: EngineError.self) { try await expired.value }
    #expect(error?.code == .deadlineExceeded)
    #expect(deliveries.count == 0)
    gate.open()
    _ = try await busy
    await engine.shutdown()
  }

  @Test func shutdownFinishesWhatWasAdmitted() async throws {
    let gate = Gate()
    let engine = stubEngine(StubEncoder(gate: gate)) {
      $0.queueTokens = 260
      $0.blockTokens = 64
    }
    let deliveries = Deliveries()
    let admitted = Task {
      try await engine.embed(
        inputs([blockLong, blockLong, blockLong]), deadline: nil, admission: .waiting,
        deliver: deliveries.deliver)
    }
    await until { gate.held == 1 }
    let waiting = Task {
      try await engine.embed(
        inputs([blockLong]), deadline: nil, admission: .waiting
      ) { _, _ in }
    }
    await until { engine.load.waitingCalls == 1 }
    async let down: Void = engine.shutdown()
    async let again: Void = engine.shutdown()
    let refused = await #expect(throws: EngineError.self) { try await waiting.value }
    #expect(refused?.code == .shuttingDown)
    let late = await #expect(throws: EngineError.self) {
      try await engine.embed(
        inputs(["late"]), deadline: nil, admission: .immediate
      ) { _, _ in }
    }
    #expect(late?.code == .shuttingDown)
    gate.open(3)
    _ = try await admitted.value
    #expect(deliveries.count == 3)
    await down
    await again
    await engine.shutdown()
  }

  /// The threads hold the encoder; when the last one has ended, nothing does.
  @Test func anEngineThatIsLetGoEndsItsThreads() async throws {
    weak var log: BlockLog?
    do {
      let encoder = StubEncoder()
      log = encoder.log
      let engine = stubEngine(encoder) { $0.workers = 3 }
      _ = try await engine.embed(
        inputs(["a", "b"]), deadline: nil, admission: .immediate
      ) { _, _ in }
      #expect(log != nil)
    }
    await until { log == nil }
    #expect(log == nil)
  }
}
