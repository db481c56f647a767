import Testing

@testable import duri

@Suite struct BenchStatisticsTests {
  @Test func medianOfOddNumberIsTheMiddle() throws {
    let statistics = try #require(SampleStatistics([5, 1, 3]))
    #expect(statistics.count == 3)
    #expect(statistics.median == 3)
    #expect(statistics.p90 == 5)
  }

  @Test func medianOfEvenNumberIsBetween() throws {
    let statistics = try #require(SampleStatistics([4, 1, 2, 10]))
    #expect(statistics.median == 3)
    #expect(statistics.p90 == 10)
  }

  @Test func p90LeavesATenthAbove() throws {
    let statistics = try #require(SampleStatistics((0..<100).map(Double.init).shuffled()))
    #expect(statistics.p90 == 90)
    #expect(statistics.median == 49.5)
  }

  @Test func nothingMeasuredIsNothing() {
    #expect(SampleStatistics([]) == nil)
  }

  @Test func sampleRepeatsAtLeastTheMinimum() async throws {
    var calls = 0
    let samples = try await sample(seconds: 0, minimum: 4) { calls += 1 }
    #expect(calls == 4)
    #expect(samples.count == 4)
    #expect(samples.allSatisfy { $0 >= 0 })
  }

  @Test func percentilesAreExactToThreeDigits() {
    let record = LatencyRecord()
    for milliseconds in (1...10_000).shuffled() {
      record.answered(after: .milliseconds(milliseconds), tokens: 2)
    }
    let summary = record.summary(elapsed: .seconds(10))
    for (found, expected) in [
      (summary.p50, 5.0), (summary.p90, 9.0), (summary.p99, 9.9), (summary.p999, 9.99),
      (summary.max, 10.0),
    ] {
      #expect(abs(found - expected) <= expected / 1000)
    }
    #expect(summary.answered == 10_000)
    #expect(summary.callsPerSecond == 1000)
    #expect(summary.tokensPerSecond == 2000)
    #expect(summary.failed == 0)
  }

  @Test func failedCallsHaveNoLatency() {
    let record = LatencyRecord()
    record.answered(after: .seconds(2), tokens: 1)
    record.failed("unavailable")
    record.failed("resourceExhausted")
    record.failed("unavailable")
    let summary = record.summary(elapsed: .seconds(1))
    #expect(summary.answered == 1)
    #expect(summary.failures == ["unavailable": 2, "resourceExhausted": 1])
    #expect(summary.failed == 3)
    #expect(abs(summary.p50 - 2) < 0.01)
  }

  @Test func resultIsOneJSONLine() throws {
    let statistics = try #require(SampleStatistics([0.002]))
    let result = EngineResult(
      engine: "duri-f32", workload: "q16", tokens: 16, statistics: statistics)
    #expect(
      result.json
        == #"{"engine":"duri-f32","workload":"q16","n":1,"median_ms":2.000,"p90_ms":2.000,"#
        + #""tokens_per_s":8000}"#)
  }

  @Test(arguments: [("1,8,64", [1, 8, 64]), ("7", [7])])
  func listsOfNumbers(text: String, numbers: [Int]) {
    #expect(NumberList(argument: text)?.numbers == numbers)
  }

  @Test(arguments: ["", "1,", "a", "1,x", "1 2"])
  func badListsOfNumbers(text: String) {
    #expect(NumberList(argument: text) == nil)
  }
}
