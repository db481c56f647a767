import Testing

@testable import Retrieval

@Suite struct ParaphraseMiningTests {
  @Test func pairsAreThoseOfSentenceTransformers() throws {
    let golden = try MiningGolden.load()
    for expected in golden.paraphrases {
      let found = mineParaphrases(
        golden.table, limit: expected.limit, neighbours: expected.neighbours, minimumScore: -1)
      #expect(found.map { [$0.first, $0.second] } == expected.pairs.map { ["\(Int($0[1]))", "\(Int($0[2]))"] })
      for (found, pair) in zip(found, expected.pairs) {
        #expect(abs(Double(found.score) - pair[0]) < 2e-6)
      }
    }
  }

  /// More rows than a block and a tile hold; every pair counted once, the best kept.
  @Test func blocksTogetherSeeEveryPair() {
    let rows = groupedRows(1_500, dimension: 8, groups: 40, spread: 0.3)
    var all: [(Float, Int, Int)] = []
    for first in rows.indices {
      for second in first + 1..<rows.count {
        all.append((Float(plainCosine(rows[first], rows[second])), first, second))
      }
    }
    all.sort { $0.0 > $1.0 }
    let found = mineParaphrases(
      VectorTable(rows), limit: 3_000, neighbours: 1_499, minimumScore: -1)
    #expect(found.count == 3_000)
    #expect(Set(found.map { "\($0.first) \($0.second)" }).count == 3_000)
    for (found, expected) in zip(found, all) { #expect(abs(found.score - expected.0) < 1e-6) }
    let again = mineParaphrases(
      VectorTable(rows), limit: 3_000, neighbours: 1_499, minimumScore: -1)
    #expect(found == again)
  }

  @Test func scoresBelowTheMinimumAreLeftOut() throws {
    let golden = try MiningGolden.load()
    let all = mineParaphrases(golden.table, limit: 10_000, neighbours: 150, minimumScore: -1)
    let some = mineParaphrases(golden.table, limit: 10_000, neighbours: 150, minimumScore: 0.9)
    #expect(!some.isEmpty)
    #expect(some == all.filter { $0.score >= 0.9 })
  }

  @Test func equalPairsComeInTheOrderOfTheTable() {
    let rows: [[Float]] = [[1, 0], [0, 1], [1, 0], [0, 1], [1, 0]]
    let found = mineParaphrases(VectorTable(rows), limit: 4, neighbours: 10, minimumScore: 0.5)
    #expect(found.map { "\($0.first)\($0.second)" } == ["02", "04", "13", "24"])
    #expect(found.allSatisfy { $0.score == 1 })
  }

  @Test func nothingComesOfNothing() {
    #expect(mineParaphrases(VectorTable([]), limit: 5, neighbours: 5, minimumScore: -1).isEmpty)
    #expect(mineParaphrases(VectorTable([[1, 0]]), limit: 5, neighbours: 5, minimumScore: -1).isEmpty)
    let short = VectorTable(ids: ["a", "b"], values: [1, 0, 1], dimension: 2)
    #expect(mineParaphrases(short, limit: 5, neighbours: 5, minimumScore: -1).isEmpty)
    let two = VectorTable([[1, 0], [1, 0]])
    #expect(mineParaphrases(two, limit: 0, neighbours: 5, minimumScore: -1).isEmpty)
  }
}
