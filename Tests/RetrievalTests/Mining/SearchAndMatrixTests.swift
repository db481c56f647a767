import Testing

@testable import Retrieval

@Suite struct SearchAndMatrixTests {
  @Test func hitsAreThoseOfSentenceTransformers() throws {
    let golden = try MiningGolden.load()
    let found = semanticSearch(
      VectorTable(golden.search.queries), in: golden.table, limit: golden.search.limit)
    #expect(found.count == golden.search.hits.count)
    for (found, expected) in zip(found, golden.search.hits) {
      #expect(found.map(\.id) == expected.map { "\(Int($0[0]))" })
      for (hit, pair) in zip(found, expected) { #expect(abs(Double(hit.score) - pair[1]) < 2e-6) }
    }
  }

  @Test func manyQueriesAndRowsGoThroughSeveralTiles() {
    let rows = groupedRows(1_100, dimension: 8, groups: 17, spread: 0.5)
    let queries = Array(rows[300..<700])
    let found = semanticSearch(VectorTable(queries), in: VectorTable(rows), limit: 3)
    for (query, hits) in found.enumerated() {
      let scores = rows.map { plainCosine(queries[query], $0) }.sorted(by: >)
      #expect(hits.first?.id == "\(query + 300)")
      for (hit, score) in zip(hits, scores) { #expect(abs(Double(hit.score) - score) < 1e-6) }
    }
  }

  @Test func dimensionsThatDifferFindNothing() {
    let found = semanticSearch(VectorTable([[1, 0, 0]]), in: VectorTable([[1, 0]]), limit: 3)
    #expect(found == [[]])
    #expect(semanticSearch(VectorTable([[1, 0]]), in: VectorTable([[1, 0]]), limit: 0) == [[]])
  }

  @Test func matrixIsThatOfSentenceTransformers() throws {
    let golden = try MiningGolden.load()
    let matrix = cosineMatrix(Array(golden.vectors[..<12]))
    #expect(matrix.count == 144)
    for (found, expected) in zip(matrix, golden.cosines) { #expect(abs(found - expected) < 2e-6) }
  }

  @Test func missingVectorsAreNaN() {
    let matrix = cosineMatrix([[1, 0], nil, [0, 2], [1, 2, 3]])
    for row in 0..<4 {
      for column in 0..<4 {
        let value = matrix[row * 4 + column]
        if row % 2 == 0 && column % 2 == 0 {
          #expect(value == (row == column ? 1 : 0))
        } else {
          #expect(value.isNaN)
        }
      }
    }
    #expect(cosineMatrix([]).isEmpty)
    #expect(cosineMatrix([nil]).count == 1)
  }
}
