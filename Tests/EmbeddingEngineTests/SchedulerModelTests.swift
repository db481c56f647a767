import Testing

@testable import EmbeddingEngine

/// Long random histories: whatever happens, the books balance and every text leaves exactly once.
@Suite struct SchedulerModelTests {
  @Test(arguments: [1, 2, 3, 4, 5, 6])
  func everyTextLeavesExactlyOnce(seed: UInt64) {
    var random = SeededGenerator(seed)
    var scheduler = Scheduler.sample(queueTokens: 2000, blockTokens: 100, workers: 2)
    var open: [Scheduler.CallID: Set<Int>] = [:]
    var tokenizing: [Scheduler.TextID] = []
    var running: [[Scheduler.TextID]] = []
    var now = 0.0
    var leftTwice = 0
    var late = 0
    var deadlines: [Scheduler.CallID: Double] = [:]

    func leave(_ id: Scheduler.TextID) {
      if open[id.call]?.remove(id.index) == nil { leftTwice += 1 }
    }
    func collectDrops() {
      for drop in scheduler.takeDrops() {
        for index in drop.indices { leave(Scheduler.TextID(call: drop.call, index: index)) }
      }
    }

    for id in UInt64(1)...4000 {
      now += Double.random(in: 0...0.02, using: &random)
      let texts = (0..<Int.random(in: 1...6, using: &random)).map { _ in
        Int.random(in: 1...80, using: &random)
      }
      let deadline =
        Bool.random(using: &random) ? now + Double.random(in: -0.05...0.5, using: &random) : nil
      let admission: Admission = Bool.random(using: &random) ? .waiting : .immediate
      switch scheduler.submit(id, texts, admission, deadline: deadline, at: now) {
      case .admitted, .waiting, .expired:
        open[id] = Set(texts.indices)
        deadlines[id] = deadline
      case .refused, .shuttingDown: break
      }
      for _ in 0..<Int.random(in: 0...4, using: &random) {
        guard let text = scheduler.nextUntokenized(now: after(now)) else { break }
        tokenizing.append(text)
      }
      for text in tokenizing.shuffled(using: &random).prefix(3) {
        tokenizing.removeAll { $0 == text }
        if Int.random(in: 0..<20, using: &random) == 0 {
          if scheduler.rejected(text) { leave(text) }
        } else if let tokens = scheduler.calls[text.call]?.texts[text.index].tokens {
          _ = scheduler.tokenized(text, tokens: Int.random(in: 1...tokens, using: &random))
        }
      }
      if running.count < 2 {
        let picked = scheduler.block(sharing: 2 - running.count, at: now)
        late += picked.count { deadlines[$0.call].map { $0 <= now } ?? false }
        if !picked.isEmpty { running.append(picked) }
      } else {
        let block = running.removeFirst()
        scheduler.computed(block, in: .milliseconds(20))
        block.forEach(leave)
      }
      if Int.random(in: 0..<10, using: &random) == 0 {
        scheduler.drop(UInt64.random(in: 1...id, using: &random), for: .cancelled)
      }
      collectDrops()
      check(scheduler, tokenizing: tokenizing)
    }

    scheduler.drain()
    for text in tokenizing { if scheduler.rejected(text) { leave(text) } }
    for block in running {
      scheduler.computed(block, in: .milliseconds(20))
      block.forEach(leave)
    }
    scheduler.tokenizeAll(at: now)
    while case let block = scheduler.block(at: now), !block.isEmpty {
      scheduler.computed(block, in: .milliseconds(20))
      block.forEach(leave)
    }
    collectDrops()
    #expect(leftTwice == 0)
    #expect(late == 0)
    #expect(open.values.allSatisfy { $0.isEmpty })
    #expect(scheduler.calls.isEmpty)
    #expect(scheduler.admittedTokens == 0)
    #expect(scheduler.load.queuedTexts == 0)
    #expect(scheduler.load.runningTexts == 0)
    #expect(scheduler.load.computedTexts > 1000)
    #expect(scheduler.load.droppedTexts > 100)
    #expect(scheduler.load.refusedCalls > 10)
  }

  /// The counters agree with what the calls themselves say.
  private func check(_ scheduler: Scheduler, tokenizing: [Scheduler.TextID]) {
    var tokens = 0
    var phases: [Scheduler.Phase: Int] = [:]
    var readyTokens = 0
    for call in scheduler.calls.values where call.isAdmitted {
      for text in call.texts where text.phase != .finished {
        tokens += text.tokens
        phases[text.phase, default: 0] += 1
        if text.phase == .ready { readyTokens += text.tokens }
      }
    }
    #expect(scheduler.admittedTokens == tokens)
    #expect(tokens <= scheduler.limits.queueTokens)
    #expect(scheduler.untokenizedTexts == phases[.untokenized, default: 0])
    #expect(scheduler.readyTexts == phases[.ready, default: 0])
    #expect(scheduler.readyTokens == readyTokens)
    #expect(scheduler.runningTexts == phases[.running, default: 0])
    #expect(
      scheduler.queuedTexts
        == scheduler.untokenizedTexts + scheduler.readyTexts + phases[.tokenizing, default: 0])
    #expect(scheduler.waiters.allSatisfy { scheduler.calls[$0]?.isAdmitted == false })
  }

  /// Cancelled work behind work that never ends leaves no trace in the heaps.
  @Test func staleKeysDoNotPileUp() {
    var scheduler = Scheduler.sample(queueTokens: 100_000)
    scheduler.submit(1, [10, 10, 10], deadline: 1)
    for id in UInt64(2)...20_000 {
      scheduler.submit(id, [10, 10, 10, 10], deadline: 1000)
      for _ in 0..<2 {
        if let text = scheduler.nextUntokenized(now: start) {
          _ = scheduler.tokenized(text, tokens: 10)
        }
      }
      scheduler.drop(id, for: .cancelled)
      _ = scheduler.takeDrops()
    }
    #expect(scheduler.ready.storedCount < 200)
    #expect(scheduler.untokenized.storedCount < 200)
    #expect(scheduler.deadlines.storedCount < 200)
    #expect(scheduler.order().prefix(3) == [1, 1, 1])
  }
}
