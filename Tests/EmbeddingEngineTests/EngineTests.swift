import Testing

@testable import EmbeddingEngine

@Suite(.timeLimit(.minutes(2))) struct EngineTests {
  @Test func vectorsAreThoseOfEachText() async throws {
    let engine = stubEngine()
    let texts = ["a", "두리", "two together", "b"]
    let deliveries = Deliveries()
    _ = try await engine.embed(
      inputs(texts), deadline: nil, admission: .immediate, deliver: deliveries.deliver)
    #expect(deliveries.count == 4)
    for (index, text) in texts.enumerated() {
      #expect(deliveries.vector(index) == StubEncoder.expected(text))
    }
    await engine.shutdown()
  }

  @Test func optionsOfEachTextAreItsOwn() async throws {
    let engine = stubEngine()
    let deliveries = Deliveries()
    _ = try await engine.embed(
      [
        EmbedInput(text: "abc", normalize: false),
        EmbedInput(text: "abc", dimensions: 3),
        EmbedInput(text: "abc", normalize: false, dimensions: 2),
        EmbedInput(text: "bc", prefix: "a"),
        EmbedInput(text: "abc", dimensions: 7),
        EmbedInput(text: "abc", dimensions: 0),
      ], deadline: nil, admission: .immediate, deliver: deliveries.deliver)
    #expect(deliveries.vector(0) == StubEncoder.expected("abc", normalize: false))
    #expect(deliveries.vector(1) == StubEncoder.expected("abc", dimensions: 3))
    #expect(deliveries.vector(2) == StubEncoder.expected("abc", normalize: false, dimensions: 2))
    #expect(deliveries.vector(3) == StubEncoder.expected("abc"))
    #expect(deliveries.code(4) == .internalFailure)
    #expect(deliveries.code(5) == .internalFailure)
    let receipt = try #require(try deliveries.all[3]?.first?.get().receipt)
    #expect(receipt.prefix == "a")
    #expect(receipt.tokensUsed == 5)
    await engine.shutdown()
  }

  @Test func aCallWithoutTextsReturnsAtOnce() async throws {
    let engine = stubEngine()
    let timings = try await engine.embed([], deadline: nil, admission: .immediate) { _, _ in }
    #expect(timings == .zero)
    await engine.shutdown()
  }

  @Test func eachTextFailsForItself() async throws {
    let engine = stubEngine()
    let deliveries = Deliveries()
    let long = String(repeating: "x", count: 63)
    var texts = inputs(["good", "", "a?b", long, "also good", long])
    texts[3].truncation = .error
    _ = try await engine.embed(
      texts, deadline: nil, admission: .immediate, deliver: deliveries.deliver)
    #expect(deliveries.vector(0) == StubEncoder.expected("good"))
    #expect(deliveries.code(1) == .invalidText)
    #expect(deliveries.code(2) == .internalFailure)
    #expect(deliveries.code(3) == .textTooLong)
    #expect(deliveries.vector(4) == StubEncoder.expected("also good"))
    #expect(deliveries.vector(5) == StubEncoder.expected(String(repeating: "x", count: 62)))
    #expect(engine.load.admittedTokens == 0)
    await engine.shutdown()
  }

  /// All texts stand in one block: it fails as a whole, and then each is tried alone.
  @Test func aFailingBlockCostsOnlyTheTextAtFault() async throws {
    let gate = Gate()
    let encoder = StubEncoder(gate: gate)
    let engine = stubEngine(encoder)
    let texts = ["one", "bad!", "two", "three"]
    let deliveries = Deliveries()
    gate.open(10)
    _ = try await engine.embed(
      inputs(texts), deadline: nil, admission: .immediate, deliver: deliveries.deliver)
    #expect(encoder.log.blocks == [[5, 6, 5, 7], [5], [6], [5], [7]])
    #expect(deliveries.code(1) == .internalFailure)
    for index in [0, 2, 3] {
      #expect(deliveries.vector(index) == StubEncoder.expected(texts[index]))
    }
    #expect(engine.load.runningTexts == 0)
    await engine.shutdown()
  }

  @Test func aVectorThatIsNotFiniteFailsItsTextOnly() async throws {
    let encoder = StubEncoder()
    let engine = stubEngine(encoder)
    let deliveries = Deliveries()
    _ = try await engine.embed(
      inputs(["one", "na~n", "two"]), deadline: nil, admission: .immediate,
      deliver: deliveries.deliver)
    #expect(encoder.log.blocks == [[5, 6, 5]])
    #expect(deliveries.vector(0) == StubEncoder.expected("one"))
    #expect(deliveries.code(1) == .nonFinite)
    #expect(deliveries.vector(2) == StubEncoder.expected("two"))
    await engine.shutdown()
  }

  @Test func nearDeadlinesOvertake() async throws {
    let gate = Gate()
    let encoder = StubEncoder(gate: gate)
    let clock = ManualClock()
    let engine = stubEngine(encoder, clock: clock) {
      $0.blockTokens = 64
      $0.tokenizerThreads = 0
    }
    let deadlines: [(String, Duration?)] = [
      ("none", nil), ("late", .seconds(4)), ("soon", .seconds(1)),
    ]
    try await withThrowingTaskGroup(of: Void.self) { group in
      // 62 bytes fill a block, so that one text is computed at a time.
      func submit(_ text: String, _ deadline: Duration?) {
        let padded = text + String(repeating: ".", count: 62 - text.utf8.count)
        group.addTask {
          _ = try await engine.embed(
            inputs([padded]), deadline: deadline.map { clock.now + $0 }, admission: .immediate
          ) { _, _ in }
        }
      }
      submit("first", nil)
      await until { gate.held == 1 }
      for (count, (text, deadline)) in deadlines.enumerated() {
        submit(text, deadline)
        await until { engine.load.queuedTexts == count + 1 }
      }
      gate.open(4)
      try await group.waitForAll()
    }
    #expect(encoder.log.texts.map { $0.prefix { $0 != "." } } == ["first", "soon", "late", "none"])
    await engine.shutdown()
  }

  @Test func timingsAreThoseOfTheSlowestText() async throws {
    let gate = Gate()
    let clock = ManualClock()
    let engine = stubEngine(StubEncoder(gate: gate), clock: clock) { $0.blockTokens = 64 }
    async let timings = engine.embed(
      inputs([String(repeating: "a", count: 62), String(repeating: "b", count: 62)]),
      deadline: nil, admission: .immediate
    ) { _, _ in }
    // The first text is computed for 2 s, the second waits for it and takes 1 s.
    await until { gate.held == 1 }
    clock.advance(.seconds(2))
    gate.open()
    await until { engine.load.computedTexts == 1 && gate.held == 1 }
    clock.advance(.seconds(1))
    gate.open()
    let expected = StageTimings(tokenization: .zero, queue: .seconds(2), inference: .seconds(2))
    #expect(try await timings == expected)
    let load = engine.load
    #expect(load.inferenceTime == .seconds(3))
    #expect(load.computedTokens == 128)
    #expect(load.computedBlocks == 2)
    #expect(load.tokensPerSecond > 40 && load.tokensPerSecond < 50)
    await engine.shutdown()
  }
}
