import Testing

@testable import EmbeddingEngine

@Suite struct SchedulerBlockTests {
  @Test func aBlockIsFilledInOrderAndSkipsWhatDoesNotFit() {
    var scheduler = Scheduler.sample(blockTokens: 100)
    for (call, tokens) in [50, 60, 30, 40, 20].enumerated() {
      scheduler.submit(UInt64(call) + 1, [tokens])
    }
    scheduler.tokenizeAll()
    #expect(scheduler.block().names == ["1.0", "3.0", "5.0"])
    #expect(scheduler.block().names == ["2.0", "4.0"])
    #expect(scheduler.block().isEmpty)
  }

  @Test func aLongTextIsComputedAlone() {
    var scheduler = Scheduler.sample(blockTokens: 100)
    scheduler.submit(1, [10])
    scheduler.submit(2, [400])
    scheduler.submit(3, [10])
    scheduler.tokenizeAll()
    #expect(scheduler.block().names == ["1.0", "3.0"])
    #expect(scheduler.block().names == ["2.0"])
  }

  @Test func aTextPassedOverHeadsTheNextBlock() {
    var scheduler = Scheduler.sample(blockTokens: 100)
    scheduler.submit(1, [80])
    scheduler.submit(2, [90])
    for call in 3..<10 { scheduler.submit(UInt64(call), [10]) }
    scheduler.tokenizeAll()
    #expect(scheduler.block().names == ["1.0", "3.0", "4.0"])
    #expect(scheduler.block().names.first == "2.0")
  }

  @Test func lookAheadIsBounded() {
    var scheduler = Scheduler.sample(blockTokens: 100)
    scheduler.submit(1, [50])
    scheduler.submit(2, Array(repeating: 60, count: scheduler.limits.lookAhead))
    scheduler.submit(3, [10], at: 4)
    scheduler.tokenizeAll(at: 4)
    #expect(scheduler.block(at: 4).names == ["1.0"])
  }

  @Test func textsOfOneBlockAreBounded() {
    var scheduler = Scheduler.sample(blockTokens: 100, blockTexts: 3)
    scheduler.submit(1, [2, 2, 2, 2])
    scheduler.tokenizeAll()
    #expect(scheduler.block().count == 3)
    #expect(scheduler.block().count == 1)
  }

  @Test func littleWorkIsSpreadOverTheFreeWorkers() {
    var scheduler = Scheduler.sample(blockTokens: 256, workers: 2)
    scheduler.submit(1, Array(repeating: 20, count: 8))
    scheduler.tokenizeAll()
    #expect(scheduler.readyBlocks == 3)
    #expect(scheduler.block(sharing: 2).count == 4)
    #expect(scheduler.block(sharing: 1).count == 4)
  }

  @Test func aShareIsNeverTooSmall() {
    var scheduler = Scheduler.sample(blockTokens: 256, workers: 16)
    scheduler.submit(1, Array(repeating: 10, count: 6))
    scheduler.tokenizeAll()
    #expect(scheduler.readyBlocks == 1)
    #expect(scheduler.block(sharing: 16).count == 6)
  }

  @Test func speedIsMeasuredAndIgnoresEmptyIntervals() {
    var speed = Speed()
    #expect(speed.tokensPerWorkerSecond == Speed.assumed)
    speed.record(tokens: 100, in: .zero)
    #expect(speed.tokensPerWorkerSecond == Speed.assumed)
    speed.record(tokens: 200, in: .milliseconds(100))
    #expect(abs(speed.tokensPerWorkerSecond - 2000) < 1)
    for _ in 0..<200 { speed.record(tokens: 500, in: .milliseconds(100)) }
    #expect(abs(speed.tokensPerWorkerSecond - 5000) < 1)
  }
}
