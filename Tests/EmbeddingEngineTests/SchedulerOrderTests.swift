import Testing

@testable import EmbeddingEngine

@Suite struct SchedulerOrderTests {
  @Test func earliestDeadlineFirstThenArrival() {
    var scheduler = Scheduler.sample()
    scheduler.submit(1, [100])
    scheduler.submit(2, [100], deadline: 3)
    scheduler.submit(3, [100], deadline: 1)
    scheduler.submit(4, [100], deadline: 3)
    scheduler.submit(5, [100])
    #expect(scheduler.order() == [3, 2, 4, 1, 5])
  }

  @Test func aFarDeadlineIsOrderedByArrival() {
    var scheduler = Scheduler.sample()
    scheduler.submit(1, [100])
    scheduler.submit(2, [100], deadline: 100)
    scheduler.submit(3, [100])
    #expect(scheduler.order() == [1, 2, 3])
  }

  @Test func textsAreTokenizedByUrgencyToo() {
    var scheduler = Scheduler.sample()
    scheduler.submit(1, [10, 10])
    scheduler.submit(2, [10], deadline: 1)
    let first = scheduler.nextUntokenized(now: start)
    #expect(first == Scheduler.TextID(call: 2, index: 0))
    #expect(scheduler.nextUntokenized(now: start)?.call == 1)
    #expect(scheduler.nextUntokenized(now: start)?.index == 1)
    #expect(scheduler.nextUntokenized(now: start) == nil)
  }

  @Test func urgentTextsAreTokenizedBeforeAFullBlockIsComputed() {
    var scheduler = Scheduler.sample(blockTokens: 100)
    #expect(scheduler.wantsTokens() == false)
    scheduler.submit(1, [100, 100])
    #expect(scheduler.wantsTokens() == true)
    if let id = scheduler.nextUntokenized(now: start) {
      _ = scheduler.tokenized(id, tokens: 100)
    }
    #expect(scheduler.wantsTokens() == false)
    scheduler.submit(2, [10], deadline: 1)
    #expect(scheduler.wantsTokens() == true)
    if let id = scheduler.nextUntokenized(now: start) {
      _ = scheduler.tokenized(id, tokens: 10)
    }
    #expect(scheduler.wantsTokens() == false)
    #expect(scheduler.block().names == ["2.0"])
  }

  /// 1000 tokens/s are assumed: ten texts of 100 tokens count as arriving 0.1 s apart.
  @Test func aLaterSmallCallIsNotBehindAllOfALargeOne() {
    var scheduler = Scheduler.sample()
    scheduler.submit(1, Array(repeating: 100, count: 10))
    scheduler.submit(2, [100], at: 0.25)
    #expect(scheduler.order(at: 0.25) == [1, 1, 1, 2, 1, 1, 1, 1, 1, 1, 1])
  }

  /// A text without deadline is computed although something more urgent arrives before every block.
  @Test func aStreamOfUrgentCallsStarvesNobody() {
    var scheduler = Scheduler.sample()
    scheduler.submit(1, [100])
    var waited = 0
    for step in 0..<1000 {
      let now = Double(step) / 10
      scheduler.submit(UInt64(step) + 2, [100], deadline: now + 2, at: now)
      scheduler.tokenizeAll(at: now)
      let picked = scheduler.block(at: now)
      scheduler.computed(picked, in: .milliseconds(100))
      if picked.contains(where: { $0.call == 1 }) { break }
      waited += 1
    }
    // Due after five seconds of patience; nothing that arrives within three of them may be due
    // earlier.
    #expect((20...50).contains(waited))
  }

  @Test func droppedTextsAreNeverHandedOut() {
    var scheduler = Scheduler.sample()
    scheduler.submit(1, [10, 10, 10])
    scheduler.submit(2, [10])
    let tokenizing = scheduler.nextUntokenized(now: start)
    #expect(tokenizing == Scheduler.TextID(call: 1, index: 0))
    scheduler.drop(1, for: .cancelled)
    #expect(
      scheduler.takeDrops() == [
        Scheduler.Drop(call: 1, reason: .cancelled, wasAdmitted: true, indices: [0, 1, 2])
      ])
    #expect(scheduler.tokenized(Scheduler.TextID(call: 1, index: 0), tokens: 10) == false)
    #expect(scheduler.rejected(Scheduler.TextID(call: 1, index: 0)) == false)
    #expect(scheduler.order() == [2])
    #expect(scheduler.admittedTokens == 0)
  }

  @Test func cancellingSparesWhatIsBeingComputed() {
    var scheduler = Scheduler.sample()
    scheduler.submit(1, [60, 60])
    scheduler.tokenizeAll()
    let picked = scheduler.block()
    #expect(picked.names == ["1.0"])
    scheduler.drop(1, for: .cancelled)
    #expect(scheduler.takeDrops().map(\.indices) == [[1]])
    #expect(scheduler.load.runningTexts == 1)
    scheduler.computed(picked, in: .milliseconds(1))
    #expect(scheduler.load.runningTexts == 0)
    #expect(scheduler.calls.isEmpty)
    scheduler.drop(1, for: .cancelled)
    #expect(scheduler.takeDrops().isEmpty)
  }

  @Test func expiredTextsLeaveInEveryPhase() {
    var scheduler = Scheduler.sample()
    scheduler.submit(1, [60, 60, 60, 60], deadline: 1)
    scheduler.submit(2, [10], deadline: 2)
    let first = scheduler.nextUntokenized(now: start)
    let second = scheduler.nextUntokenized(now: start)
    let third = scheduler.nextUntokenized(now: start)
    for id in [first, second].compactMap(\.self) { _ = scheduler.tokenized(id, tokens: 60) }
    #expect(third?.index == 2)
    let picked = scheduler.block()
    #expect(picked.names == ["1.0"])
    #expect(scheduler.nextDeadline() == after(1))

    #expect(scheduler.block(at: 1).isEmpty)
    #expect(scheduler.takeDrops().map(\.indices) == [[1, 2, 3]])
    #expect(scheduler.nextDeadline() == after(2))
    scheduler.computed(picked, in: .milliseconds(1))
    #expect(scheduler.order(at: 1) == [2])
    #expect(scheduler.nextDeadline() == nil)
  }

  @Test func aPastDeadlineIsNeverAdmitted() {
    var scheduler = Scheduler.sample()
    #expect(scheduler.submit(1, [10, 10], deadline: 1, at: 1) == .expired)
    #expect(scheduler.takeDrops().map(\.indices) == [[0, 1]])
    #expect(scheduler.admittedTokens == 0)
    #expect(scheduler.nextUntokenized(now: after(1)) == nil)
  }
}
