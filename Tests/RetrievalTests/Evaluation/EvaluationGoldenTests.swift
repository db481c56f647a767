import Foundation
import Testing

@testable import Retrieval

/// What `Goldens/evaluation.py` writes.
private struct EvaluationGolden: Decodable {
  struct Measures: Decodable {
    var ndcg, mrr, recall, precision, map: Double
  }

  struct Ranking: Decodable {
    var scores: [String: [String: Float]]
    var judgements: [String: Judgements]
    var cutoff: Int
    var measures: [String: Measures]
  }

  struct Correlations: Decodable {
    var x, y: [Double]
    var pearson, spearman: Double
  }

  struct Bitext: Decodable {
    var found: [Int]
    var accuracy, f1, precision: Double
  }

  struct Resampling: Decodable {
    var values: [Double]
    var seed: UInt64
    var resamples: Int
    var low, high: Double
  }

  var rankings: [Ranking]
  var correlations: [Correlations]
  var bitexts: [Bitext]
  var bootstraps: [Resampling]

  static func load() throws -> EvaluationGolden {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Goldens/mining/evaluation.json")
    return try JSONDecoder().decode(EvaluationGolden.self, from: Data(contentsOf: file))
  }
}

private func near(_ a: Double, _ b: Double) -> Bool { abs(a - b) < 1e-9 }

@Suite struct EvaluationGoldenTests {
  /// Ties in the scores included: these rankings are full of them.
  @Test func measuresAreThoseOfTrecEval() throws {
    for golden in try EvaluationGolden.load().rankings {
      #expect(golden.measures.count == golden.scores.count)
      for (query, expected) in golden.measures {
        let hits = golden.scores[query, default: [:]].map { Hit(id: $0.key, score: $0.value) }
        let found = RankingMeasures(
          hits, judgements: golden.judgements[query, default: [:]], cutoff: golden.cutoff)
        #expect(near(found.ndcg, expected.ndcg))
        #expect(near(found.reciprocalRank, expected.mrr))
        #expect(near(found.recall, expected.recall))
        #expect(near(found.precision, expected.precision))
        #expect(near(found.averagePrecision, expected.map))
      }
    }
  }

  @Test func correlationsAreThoseOfScipy() throws {
    for golden in try EvaluationGolden.load().correlations {
      #expect(near(Correlation.pearson(golden.x, golden.y), golden.pearson))
      #expect(near(Correlation.spearman(golden.x, golden.y), golden.spearman))
    }
  }

  @Test func bitextMeasuresAreThoseOfMTEB() throws {
    for golden in try EvaluationGolden.load().bitexts {
      let found = BitextMeasures(found: golden.found)
      #expect(near(found.accuracy.value, golden.accuracy))
      #expect(near(found.f1.value, golden.f1))
      #expect(near(found.precision.value, golden.precision))
    }
  }

  @Test func intervalsAreThoseOfNumpy() throws {
    for golden in try EvaluationGolden.load().bootstraps {
      let found = Bootstrap(resamples: golden.resamples, seed: golden.seed).mean(golden.values)
      #expect(near(found.low, golden.low))
      #expect(near(found.high, golden.high))
      #expect(found.low < found.value && found.value < found.high)
    }
  }
}
