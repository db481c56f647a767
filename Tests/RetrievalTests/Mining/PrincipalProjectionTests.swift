import Testing

@testable import Retrieval

@Suite struct PrincipalProjectionTests {
  @Test func pointsAreThoseOfScikitLearn() throws {
    let golden = try MiningGolden.load()
    let projection = PrincipalProjection(golden.table)
    #expect(projection.points.count == golden.projection.points.count)
    for (point, expected) in zip(projection.points, golden.projection.points) {
      #expect(abs(Double(point.x) - expected[0]) < 1e-5)
      #expect(abs(Double(point.y) - expected[1]) < 1e-5)
    }
    for (share, expected) in zip(projection.shares, golden.projection.shares) {
      #expect(abs(share - expected) < 1e-6)
    }
    for (vector, point) in zip(golden.vectors, projection.points) {
      #expect(projection.place(vector) == point)
    }
  }

  @Test func blocksOfRowsGiveOneCovariance() {
    let rows = groupedRows(1_100, dimension: 6, groups: 5, spread: 0.5)
    let table = PlainRows(VectorTable(rows))
    let mean = table.mean()
    let covariance = table.covariance(around: mean)
    for i in 0..<6 {
      for j in 0..<6 {
        let expected = rows.reduce(0.0) { $0 + (Double($1[i]) - mean[i]) * (Double($1[j]) - mean[j]) } / 1_100
        #expect(abs(covariance[i * 6 + j] - expected) < 1e-6)
      }
    }
  }

  @Test func rowsOnALineHaveNoSecondCoordinate() {
    let projection = PrincipalProjection(VectorTable([[1, 1], [2, 2], [3, 3]]))
    #expect(projection.points.map(\.y) == [0, 0, 0])
    #expect(projection.points.map(\.x) == [-1, 0, 1])
    #expect(projection.place([9, 9]) == .init(x: 1, y: 0))
    #expect(projection.place([1]) == .init(x: 0, y: 0))
    #expect(projection.place([.nan, 1]) == .init(x: 0, y: 0))
  }

  @Test(arguments: [[], [[3, 4]], [[1, 0], [1, 0]], [[5], [7]]] as [[[Float]]])
  func fewRowsHaveAPlaceToo(rows: [[Float]]) {
    let points = PrincipalProjection(VectorTable(rows)).points
    #expect(points.count == rows.count)
    #expect(points.allSatisfy { abs($0.x) <= 1 && $0.y == 0 })
  }
}
