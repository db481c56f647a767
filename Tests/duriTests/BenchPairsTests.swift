import Retrieval
import Testing

@testable import duri

@Suite struct BenchPairsTests {
  private func rows(_ vectors: [[Float]]) -> VectorRows {
    var rows = VectorRows(count: vectors.count, dimension: vectors.first?.count ?? 0)
    for (index, vector) in vectors.enumerated() { rows.set(index, to: vector) }
    return rows
  }

  /// Small whole numbers: their products and sums are exact in any order.
  private func wholeNumbers(_ count: Int, _ dimension: Int, seed: UInt64) -> [[Float]] {
    var generator = SplitMix64(seed: seed)
    return (0..<count).map { _ in
      (0..<dimension).map { _ in Float(Int.random(in: -8...8, using: &generator)) }
    }
  }

  private func expected(_ vectors: [[Float]]) -> MostSimilarPair? {
    var best: MostSimilarPair?
    for i in vectors.indices {
      for j in vectors.indices where j > i {
        let score = zip(vectors[i], vectors[j]).reduce(0) { $0 + $1.0 * $1.1 }
        if score > best?.score ?? -.infinity {
          best = MostSimilarPair(first: i, second: j, score: score)
        }
      }
    }
    return best
  }

  @Test(arguments: [2, 3, 4, 5, 95, 96, 97, 200, 331], [1, 3, 4, 5, 33])
  func findsWhatAPlainSearchFinds(count: Int, dimension: Int) async {
    let vectors = wholeNumbers(count, dimension, seed: UInt64(count * 100 + dimension))
    for threads in [1, 2, 5] {
      #expect(await MostSimilarPair.find(rows(vectors), threads: threads) == expected(vectors))
    }
  }

  @Test func allScoresMayBeNegative() async {
    let pair = await MostSimilarPair.find(rows([[1, 0], [-1, 0.5], [-1, -2]]), threads: 2)
    #expect(pair == MostSimilarPair(first: 1, second: 2, score: 0))
    let opposite = await MostSimilarPair.find(rows([[1], [-2]]), threads: 1)
    #expect(opposite == MostSimilarPair(first: 0, second: 1, score: -2))
  }

  @Test func fewerThanTwoRowsHaveNoPair() async {
    #expect(await MostSimilarPair.find(rows([]), threads: 2) == nil)
    #expect(await MostSimilarPair.find(rows([[1, 2]]), threads: 2) == nil)
  }

  @Test func scoresThatAreNoNumbersAreNoPair() async {
    let pair = await MostSimilarPair.find(rows([[.nan, 1], [1, 1], [2, 1]]), threads: 1)
    #expect(pair == MostSimilarPair(first: 1, second: 2, score: 3))
    #expect(await MostSimilarPair.find(rows([[.nan], [1]]), threads: 1) == nil)
  }

  @Test func dotIsOfTheGivenComponents() {
    #expect(rows([[1, 2, 3, 4, 5], [2, 0, 1, 0, 3]]).dot(0, 1) == 20)
  }

  @Test func madeSentencesAreDistinctAndRepeatable() {
    let sentences = MadeSentences.make(20_000)
    #expect(sentences.count == 20_000)
    #expect(Set(sentences).count == 20_000)
    #expect(MadeSentences.make(20_000) == sentences)
    #expect(sentences.prefix(2).map { $0.utf8.count > $0.count } == [true, false])
    #expect(Set(MadeSentences.make(.max)).count == MadeSentences.available)
    #expect(MadeSentences.make(-1).isEmpty)
  }
}
