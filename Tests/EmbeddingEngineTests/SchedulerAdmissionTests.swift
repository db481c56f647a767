import Testing

@testable import EmbeddingEngine

@Suite struct SchedulerAdmissionTests {
  private func isRefused(_ submission: Scheduler.Submission) -> Bool {
    if case .refused = submission { return true }
    return false
  }

  @Test func aFullQueueRefusesAtOnce() {
    var scheduler = Scheduler.sample(queueTokens: 100)
    #expect(scheduler.submit(1, [60]) == .admitted)
    #expect(scheduler.submit(2, [40]) == .admitted)
    #expect(isRefused(scheduler.submit(3, [1])))
    #expect(scheduler.load.refusedCalls == 1)
    #expect(scheduler.order() == [1, 2])
    #expect(scheduler.submit(4, [1]) == .admitted)
  }

  @Test func theRetryHintFollowsQueueAndSpeed() {
    var scheduler = Scheduler.sample(queueTokens: 2000, workers: 2)
    scheduler.submit(1, [100])
    scheduler.tokenizeAll()
    // Assumed: 1000 tokens/s and worker.
    #expect(scheduler.retryAfter == .seconds(0.05))
    // Measured: 100 tokens in 0.5 s by one worker, 400 tokens/s by two.
    scheduler.computed(scheduler.block(), in: .seconds(0.5))
    scheduler.submit(2, [800])
    #expect(abs(scheduler.retryAfter / .seconds(1) - 2) < 0.001)
    #expect(scheduler.submit(3, [1500]) == .refused(retryAfter: scheduler.retryAfter))
  }

  @Test func theRetryHintIsNeitherZeroNorEndless() {
    var scheduler = Scheduler.sample(queueTokens: 1_000_000)
    #expect(scheduler.retryAfter == .milliseconds(10))
    scheduler.submit(1, [900_000])
    #expect(scheduler.retryAfter == .seconds(60))
  }

  @Test func tokenizationCorrectsTheCost() {
    var scheduler = Scheduler.sample(queueTokens: 100)
    scheduler.submit(1, [90])
    #expect(isRefused(scheduler.submit(2, [20])))
    if let id = scheduler.nextUntokenized(now: start) {
      #expect(scheduler.tokenized(id, tokens: 30) == true)
    }
    #expect(scheduler.admittedTokens == 30)
    #expect(scheduler.submit(3, [70]) == .admitted)
  }

  @Test func aRejectedTextGivesItsTokensBack() {
    var scheduler = Scheduler.sample(queueTokens: 100)
    scheduler.submit(1, [90])
    if let id = scheduler.nextUntokenized(now: start) { #expect(scheduler.rejected(id) == true) }
    #expect(scheduler.admittedTokens == 0)
    #expect(scheduler.calls.isEmpty)
  }

  @Test func aCallLargerThanTheBudgetIsAdmittedAlone() {
    var scheduler = Scheduler.sample(queueTokens: 100)
    scheduler.submit(1, [10])
    #expect(isRefused(scheduler.submit(2, [80, 80])))
    #expect(scheduler.order() == [1])
    #expect(scheduler.submit(3, [80, 80]) == .admitted)
    #expect(isRefused(scheduler.submit(4, [1])))
    #expect(scheduler.order() == [3, 3])
  }

  @Test func streamsLeaveRoomForSingleCalls() {
    var scheduler = Scheduler.sample(queueTokens: 100)
    #expect(scheduler.submit(1, [75], .waiting) == .admitted)
    #expect(scheduler.submit(2, [10], .waiting) == .waiting)
    #expect(scheduler.submit(3, [25]) == .admitted)
    #expect(isRefused(scheduler.submit(4, [1])))
    #expect(scheduler.load.admittedTokens == 100)
    #expect(scheduler.load.waitingCalls == 1)
  }

  /// Single calls that come without end keep to their share while a stream waits.
  @Test func singleCallsDoNotStarveAStream() {
    var scheduler = Scheduler.sample(queueTokens: 100, blockTokens: 10)
    for call in 1...10 { scheduler.submit(UInt64(call), [10]) }
    #expect(scheduler.submit(11, [70], .waiting) == .waiting)
    var call: UInt64 = 12
    var steps = 0
    while scheduler.load.waitingCalls > 0, steps < 100 {
      scheduler.tokenizeAll()
      scheduler.computed(scheduler.block(), in: .milliseconds(1))
      scheduler.submit(call, [10])
      call += 1
      steps += 1
    }
    #expect(steps == 7)
  }

  @Test func aLargeWaitingCallIsNotPassedBySmallOnes() {
    var scheduler = Scheduler.sample(queueTokens: 100, blockTokens: 10)
    for call in 1...7 { scheduler.submit(UInt64(call), [10], .waiting) }
    #expect(scheduler.submit(8, [60], .waiting) == .waiting)
    #expect(scheduler.submit(9, [10], .waiting) == .waiting)
    scheduler.tokenizeAll()
    for _ in 0..<5 {
      scheduler.computed(scheduler.block(), in: .milliseconds(1))
      #expect(scheduler.load.waitingCalls == 2)
    }
    scheduler.computed(scheduler.block(), in: .milliseconds(1))
    #expect(scheduler.waiters == [9])
  }

  /// The largest call of all is waiting behind a stream of others of both kinds and gets in.
  @Test func aCallLargerThanItsShareWaitsForItsKindOnly() {
    var scheduler = Scheduler.sample(queueTokens: 100, blockTokens: 10)
    // The deadline puts it before the single call.
    scheduler.submit(1, [10], .waiting, deadline: 1)
    scheduler.submit(2, [20])
    #expect(scheduler.submit(3, [50, 50, 50], .waiting) == .waiting)
    scheduler.tokenizeAll()
    scheduler.computed(scheduler.block(), in: .milliseconds(1))
    #expect(scheduler.load.waitingCalls == 0)
    #expect(scheduler.admittedTokens == 170)
    #expect(isRefused(scheduler.submit(4, [10])))
  }

  @Test func aWaitingCallMayLeave() {
    var scheduler = Scheduler.sample(queueTokens: 100)
    scheduler.submit(1, [75], .waiting)
    scheduler.submit(2, [50], .waiting, deadline: 1)
    scheduler.submit(3, [20], .waiting)
    scheduler.submit(4, [20], .waiting)
    scheduler.drop(3, for: .cancelled)
    scheduler.expire(now: after(1))
    #expect(
      scheduler.takeDrops() == [
        Scheduler.Drop(call: 3, reason: .cancelled, wasAdmitted: false, indices: [0]),
        Scheduler.Drop(call: 2, reason: .expired, wasAdmitted: false, indices: [0]),
      ])
    #expect(scheduler.waiters == [4])
    #expect(scheduler.order(at: 1) == [1, 4])
  }

  @Test func theHeadOfTheLineLeavingLetsTheNextIn() {
    var scheduler = Scheduler.sample(queueTokens: 100)
    scheduler.submit(1, [50], .waiting)
    scheduler.submit(2, [60], .waiting)
    scheduler.submit(3, [20], .waiting)
    scheduler.drop(2, for: .cancelled)
    #expect(scheduler.waiters.isEmpty)
    #expect(scheduler.admittedTokens == 70)
  }

  @Test func drainingFinishesWhatWasAdmittedOnly() {
    var scheduler = Scheduler.sample(queueTokens: 100)
    scheduler.submit(1, [75], .waiting)
    scheduler.submit(2, [60], .waiting)
    scheduler.submit(3, [1], .waiting)
    scheduler.drain()
    #expect(scheduler.takeDrops().map(\.call) == [2, 3])
    #expect(scheduler.submit(4, [1]) == .shuttingDown)
    #expect(scheduler.order() == [1])
    #expect(scheduler.calls.isEmpty)
  }
}
