import Testing

@testable import Retrieval

@Suite struct CommunityDetectionTests {
  @Test func communitiesAreThoseOfSentenceTransformers() throws {
    let golden = try MiningGolden.load()
    for expected in golden.communities {
      let found = detectCommunities(
        golden.table, threshold: expected.threshold, minimumSize: expected.minimum_size)
      #expect(found == expected.groups.map { $0.map { "\($0)" } })
    }
  }

  /// More rows than a block and a tile hold, held against the definition.
  @Test func blocksTogetherSeeEveryRow() {
    let rows = groupedRows(1_300, dimension: 8, groups: 30, spread: 0.6)
    let threshold = 0.9
    var neighbours: [[Int]] = []
    for first in rows.indices {
      let scores = rows.map { plainCosine(rows[first], $0) }
      neighbours.append(
        rows.indices.filter { scores[$0] >= threshold }.sorted { scores[$0] > scores[$1] })
    }
    var isTaken = [Bool](repeating: false, count: rows.count)
    var expected: [[Int]] = []
    let order = rows.indices.filter { neighbours[$0].count >= 5 }
      .sorted { neighbours[$0].count > neighbours[$1].count }
    for centre in order where !isTaken[centre] {
      let free = neighbours[centre].filter { !isTaken[$0] }
      guard free.count >= 5 else { continue }
      for row in free { isTaken[row] = true }
      expected.append([centre] + free.filter { $0 != centre })
    }
    expected = expected.sorted { $0.count > $1.count }
    #expect(expected.count > 30)
    let found = detectCommunities(VectorTable(rows), threshold: Float(threshold), minimumSize: 5)
    #expect(found == expected.map { $0.map { "\($0)" } })
  }

  @Test func tooFewRowsMakeNoCommunity() {
    let two = VectorTable([[1, 0], [1, 0]])
    #expect(detectCommunities(two, threshold: 0.9, minimumSize: 3).isEmpty)
    #expect(detectCommunities(two, threshold: 0.9, minimumSize: 2) == [["0", "1"]])
    #expect(detectCommunities(VectorTable([]), threshold: 0.9, minimumSize: 0).isEmpty)
  }
}
