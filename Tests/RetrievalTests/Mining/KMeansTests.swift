import Testing

@testable import Retrieval

@Suite struct KMeansTests {
  @Test func sameStartGivesScikitLearnsClusters() throws {
    let golden = try MiningGolden.load()
    for expected in golden.clusterings {
      var means = KMeans(PlainRows(golden.table), clusters: expected.start.count)
      let found = means.cluster(from: expected.start.flatMap { $0 })
      #expect(found.clusters == expected.labels)
      #expect(abs(found.inertia - expected.inertia) < 1e-5 * expected.inertia)
    }
  }

  @Test func everyRowIsInOneGroupAndSeedsRepeat() throws {
    let table = try MiningGolden.load().table
    let found = kMeans(table, clusters: 9, seed: 3)
    #expect(found.groups.count == 9)
    #expect(Set(found.groups.flatMap { $0 }) == Set(table.ids))
    #expect(found.groups.flatMap { $0 }.count == table.ids.count)
    #expect(found.groups.allSatisfy { !$0.isEmpty })
    #expect(kMeans(table, clusters: 9, seed: 3) == found)
    #expect(kMeans(table, clusters: 9, seed: 4) != found)
  }

  @Test func farGroupsAreFound() {
    let rows = groupedRows(2_000, dimension: 16, groups: 6, spread: 0.05)
    let best = (0..<5).map { kMeans(VectorTable(rows), clusters: 6, seed: $0) }
      .min { $0.inertia < $1.inertia }
    for group in best?.groups ?? [] {
      #expect(Set(group.map { (Int($0) ?? 0) % 6 }).count == 1)
    }
    #expect(best?.groups.count == 6)
  }

  @Test func asManyClustersAsRows() {
    let different: [[Float]] = [[1, 0], [0, 1], [1, 1], [0, 0]]
    let all = kMeans(VectorTable(different), clusters: 4, seed: 0)
    #expect(all.groups.map(\.count) == [1, 1, 1, 1])
    #expect(all.inertia == 0)
    let rows: [[Float]] = [[1, 0], [0, 1], [1, 0], [0, 1]]
    #expect(kMeans(VectorTable(rows), clusters: 3, seed: 0).groups.map(\.count) == [2, 2])
    #expect(kMeans(VectorTable(rows), clusters: 9, seed: 0).groups.count == 2)
    #expect(kMeans(VectorTable(rows), clusters: 0, seed: 0).groups.map(\.count) == [4])
    #expect(kMeans(VectorTable([]), clusters: 3, seed: 0).groups.isEmpty)
  }
}
