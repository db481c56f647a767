import Testing

@testable import Retrieval

@Suite struct MeasuresTests {
  @Test func equalScoresRankTheLargerIdFirst() {
    let hits = [Hit(id: "a", score: 1), Hit(id: "b", score: 1), Hit(id: "c", score: 0.5)]
    let measures = RankingMeasures(hits, judgements: ["a": 1], cutoff: 10)
    #expect(measures.reciprocalRank == 0.5)
    #expect(measures == RankingMeasures(hits.reversed(), judgements: ["a": 1], cutoff: 10))
  }

  @Test func aDocumentFoundTwiceCountsOnce() {
    let hits = [Hit(id: "a", score: 3), Hit(id: "a", score: 2), Hit(id: "b", score: 1)]
    let measures = RankingMeasures(hits, judgements: ["a": 1, "b": 1], cutoff: 2)
    #expect(measures.recall == 1)
    #expect(measures.precision == 1)
  }

  @Test func nothingRelevantMeasuresZero() {
    let measures = RankingMeasures([Hit(id: "a", score: 1)], judgements: ["a": 0], cutoff: 10)
    #expect(measures.ndcg == 0 && measures.averagePrecision == 0 && measures.recall == 0)
    #expect(RankingMeasures([], judgements: ["a": 1], cutoff: 10).ndcg == 0)
  }

  @Test func summariesAreMeans() {
    let good = RankingMeasures([Hit(id: "a", score: 1)], judgements: ["a": 1], cutoff: 1)
    let bad = RankingMeasures([Hit(id: "b", score: 1)], judgements: ["a": 1], cutoff: 1)
    let summary = RankingSummary([good, bad, good, good], cutoff: 1)
    #expect(summary.queries == 4)
    #expect(summary.ndcg.value == 0.75 && summary.mrr.value == 0.75)
    #expect(summary.ndcg.low < 0.75 && summary.ndcg.high == 1)
    #expect(RankingSummary([], cutoff: 1).ndcg == Estimate(value: 0, low: 0, high: 0))
  }

  @Test func constantsHaveNoCorrelation() {
    #expect(Correlation.pearson([1, 1, 1], [1, 2, 3]).isNaN)
    #expect(Correlation.spearman([], []).isNaN)
    #expect(Correlation.spearman([1, 2, 3], [10, 20, 25]) == 1)
    #expect(RankGroups([3, 1, 3, 2]).ranks(of: [0, 1, 2, 3]) == [3.5, 1, 3.5, 2])
    #expect(RankGroups([3, 1, 3, 2]).ranks(of: [1, 1, 0]) == [1.5, 1.5, 3])
  }

  @Test func similaritiesThatFollowTheScoresAreSure() {
    let scores = (0..<50).map(Double.init)
    let summary = SimilaritySummary(similarities: scores.map { $0 * $0 }, scores: scores)
    #expect(summary.spearman == Estimate(value: 1, low: 1, high: 1))
    #expect(summary.pearson.value < 1 && summary.pearson.low < summary.pearson.value)
  }

  @Test func translationsFindEachOther() {
    let first = VectorTable(ids: ["0", "1", "2"], values: [1, 0, 0, 1, 1, 1], dimension: 2)
    let second = VectorTable(ids: ["0", "1", "2"], values: [2, 0, 0, 3, 0.1, 1], dimension: 2)
    let summary = BitextSummary(first: first, second: second)
    #expect(summary.pairs == 3)
    #expect(summary.forward.accuracy.value == 1)
    #expect(abs(summary.backward.accuracy.value - 2 / 3) < 1e-12)
  }
}
