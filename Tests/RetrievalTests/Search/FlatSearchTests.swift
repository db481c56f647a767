import Foundation
import Synchronization
import Testing

@testable import Retrieval

@Suite struct FlatSearchTests {
  /// The definition: all inner products, sorted.
  private func reference(
    _ query: [Float], _ vectors: [[Float]], dead: Set<Int>, limit: Int
  ) -> [Int] {
    let scores = vectors.map { zip($0, query).reduce(0.0) { $0 + Double($1.0) * Double($1.1) } }
    let order = vectors.indices.filter { !dead.contains($0) }.sorted {
      (scores[$0], $1) > (scores[$1], $0)
    }
    return Array(order.prefix(limit))
  }

  @Test(arguments: SearchMethod.allCases, [1, 2, 5])
  func findsWhatTheDefinitionSays(_ method: SearchMethod, threads: Int) {
    var numbers = Numbers(UInt64(threads))
    let dimension = 80
    let vectors = (0..<9001).map { _ in numbers.unitVector(dimension) }
    // Close to a vector each: methods that estimate find what is near.
    let queries = (0..<3).map { query in
      zip(vectors[query * 3000], numbers.unitVector(dimension)).map { $0 + 0.3 * $1 }
    }
    let dead = Set((0..<9001).filter { _ in Int.random(in: 0..<4, using: &numbers) == 0 })
    let cut = 4224 + 33
    let first = Rows(Array(vectors[..<cut]), dimension: dimension, dead: dead.filter { $0 < cut })
    let second = Rows(
      Array(vectors[cut...]), dimension: dimension,
      dead: Set(dead.filter { $0 >= cut }.map { $0 - cut }))
    let search = FlatSearch(dimension: dimension, threads: threads)
    let found = search.search(
      queries: queries, segments: [first.segment, second.segment], limit: 10, method: method)
    withExtendedLifetime((first, second)) {}
    for (query, rows) in zip(queries, found) {
      #expect(rows.map(\.row) == reference(query, vectors, dead: dead, limit: 10))
    }
  }

  /// A filter that leaves few rows, some pieces none, and fewer than are wanted.
  @Test(arguments: SearchMethod.allCases, [1, 40, 700])
  func findsAllOfFew(_ method: SearchMethod, live: Int) {
    var numbers = Numbers(UInt64(live))
    let vectors = (0..<15_011).map { _ in numbers.unitVector(70) }
    let alive = Set((0..<live).map { $0 * 7 + 4000 } + [15_010])
    let dead = Set(vectors.indices).subtracting(alive)
    let rows = Rows(vectors, dimension: 70, dead: dead)
    let queries = [numbers.unitVector(70), vectors[4000]]
    let found = FlatSearch(dimension: 70, threads: 2).search(
      queries: queries, segments: [rows.segment], limit: 100, method: method)
    withExtendedLifetime(rows) {}
    for (query, rows) in zip(queries, found) {
      #expect(rows.map(\.row) == reference(query, vectors, dead: dead, limit: 100))
    }
  }

  /// The interval search returns what a scan in f32 does, bit for bit, wherever the vectors lie.
  @Test(arguments: ["spread", "alike", "equal", "zero", "clusters"], [1, 10, 300])
  func exactIsTheScanInFloats(_ kind: String, limit: Int) {
    var numbers = Numbers(7)
    let dimension = 96
    let count = 10_000
    let center = numbers.unitVector(dimension)
    let vectors = (0..<count).map { row -> [Float] in
      switch kind {
      case "alike": zip(center, numbers.unitVector(dimension)).map { $0 + 0.02 * $1 }
      case "equal": center
      case "zero": Array(repeating: 0, count: dimension)
      case "clusters":
        numbers.unitVector(dimension).enumerated().map { $1 * 0.1 + ($0 == row % 7 ? 1 : 0) }
      default: numbers.unitVector(dimension)
      }
    }
    let rows = Rows(vectors, dimension: dimension)
    let queries = [center, numbers.unitVector(dimension)]
    let search = FlatSearch(dimension: dimension, threads: 3)
    let floats = RowSearch(
      rows: RowPieces([rows.segment]), dimension: dimension, limit: limit, live: count,
      threads: SearchThreads(count: 1), kernels: SearchKernels.naive.table.pointee
    ).scanFloats(queries).map { $0.map { ScoredRow(row: Int($0.row), score: $0.score) } }
    let found = search.search(
      queries: queries, segments: [rows.segment], limit: limit, method: .exact)
    withExtendedLifetime(rows) {}
    #expect(found == floats)
    #expect(found.allSatisfy { $0.count == limit })
  }

  /// All rows that a binary search samples have the query's signs, the best of all has not.
  @Test func binaryIsNotMisledByItsSample() throws {
    var numbers = Numbers(77)
    let dimension = 64
    let query = numbers.unitVector(dimension)
    var vectors = (0..<12_288).map { row in
      row % 4096 < 256 ? query.map { $0 * 0.9 } : numbers.unitVector(dimension)
    }
    // A component large enough to count, small enough to leave the score above 0.9.
    let flipped = try #require(query.firstIndex { (0.09...0.15).contains(abs($0)) })
    vectors[11_000] = query
    vectors[11_000][flipped].negate()
    let rows = Rows(vectors, dimension: dimension)
    let found = FlatSearch(dimension: dimension, threads: 2).search(
      queries: [query], segments: [rows.segment], limit: 20, method: .binary)
    withExtendedLifetime(rows) {}
    #expect(found[0].map(\.row) == [11_000] + Array(0..<19))
  }

  /// The same result alone or in a batch, whatever the threads, variants and cuts into segments.
  @Test(arguments: SearchMethod.allCases)
  func resultsAreTheSameHoweverComputed(_ method: SearchMethod) {
    var numbers = Numbers(21)
    let dimension = 64
    // Half of the vectors occur twice: ties.
    let some = (0..<10_000).map { _ in numbers.unitVector(dimension) }
    let vectors = some + some
    let queries = (0..<70).map { zip(some[$0], numbers.unitVector(dimension)).map { $0 + $1 } }
    let whole = Rows(vectors, dimension: dimension)
    let parts = [0..<4096, 4096..<4096, 4096..<4161, 4161..<20_000].map {
      Rows(Array(vectors[$0]), dimension: dimension)
    }
    let first = FlatSearch(dimension: dimension, threads: 1).search(
      queries: queries, segments: [whole.segment], limit: 9, method: method)
    for name in ["naive", "avx2", "avx512"] {
      guard let kernels = SearchKernels(named: name) else { continue }
      for threads in [2, 7] {
        let search = FlatSearch(
          dimension: dimension, on: SearchThreads(count: threads), kernels: kernels)
        #expect(
          search.search(queries: queries, segments: [whole.segment], limit: 9, method: method)
            == first)
      }
    }
    let search = FlatSearch(dimension: dimension, threads: 2)
    for (query, rows) in zip(queries, first).prefix(5) {
      #expect(
        search.search(queries: [query], segments: [whole.segment], limit: 9, method: method) == [rows])
    }
    // A binary search samples by pieces, which follow the segments.
    if method != .binary {
      let found = search.search(
        queries: queries, segments: parts.map(\.segment), limit: 9, method: method)
      #expect(found == first)
    }
    withExtendedLifetime((whole, parts)) {}
  }

  @Test(arguments: SearchMethod.allCases)
  func searchesAtOnceDoNotDisturbEachOther(_ method: SearchMethod) {
    var numbers = Numbers(4)
    let vectors = (0..<12_000).map { _ in numbers.unitVector(64) }
    let rows = Rows(vectors, dimension: 64)
    let segment = rows.segment
    let search = FlatSearch(dimension: 64, threads: 3)
    let expected = (0..<8).map {
      search.search(queries: [vectors[$0]], segments: [segment], limit: 5, method: method)
    }
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 32) { call in
      let found = search.search(
        queries: [vectors[call % 8]], segments: [segment], limit: 5, method: method)
      if found != expected[call % 8] { wrong.withLock { $0 += 1 } }
    }
    withExtendedLifetime(rows) {}
    #expect(wrong.withLock { $0 } == 0)
  }

  @Test(arguments: SearchMethod.allCases)
  func whatCannotBeSearchedFindsNothing(_ method: SearchMethod) {
    let rows = Rows([[1, 0, 0], [0, 1, 0]], dimension: 3)
    let search = FlatSearch(dimension: 3, threads: 2)
    let segments = [rows.segment]
    #expect(search.search(queries: [], segments: segments, limit: 3, method: method) == [])
    #expect(search.search(queries: [[1, 0, 0]], segments: [], limit: 3, method: method) == [[]])
    #expect(search.search(queries: [[1, 0, 0]], segments: segments, limit: 0, method: method) == [[]])
    let odd: [[Float]] = [[1, 0], [.nan, 0, 0], [0, .infinity, 0], [1, 0, 0]]
    let found = search.search(queries: odd, segments: segments, limit: 3, method: method)
    #expect(found.map { $0.map(\.row) } == [[], [], [], [0, 1]])
    let dead = Rows([[1, 0, 0], [0, 1, 0]], dimension: 3, dead: [0, 1])
    #expect(
      search.search(queries: [[1, 0, 0]], segments: [dead.segment], limit: 3, method: method) == [[]])
    withExtendedLifetime((rows, dead)) {}
  }

  /// The store lets no such vector in; if one came, the search must end, and find the others.
  @Test(arguments: SearchMethod.allCases)
  func rowsThatAreNotFiniteDoNoHarm(_ method: SearchMethod) {
    var numbers = Numbers(2)
    var vectors = (0..<20_000).map { _ in numbers.unitVector(64) }
    for row in stride(from: 5, to: 20_000, by: 1000) {
      vectors[row] = Array(repeating: row % 3 == 0 ? .nan : .infinity, count: 64)
    }
    let rows = Rows(vectors, dimension: 64)
    let found = FlatSearch(dimension: 64, threads: 2).search(
      queries: [vectors[17]], segments: [rows.segment], limit: 1000, method: method)
    withExtendedLifetime(rows) {}
    #expect(found[0].contains { $0.row == 17 })
  }

  /// Vectors as alike as those of E5 models (mean cosine 0.8), in clusters: what the methods promise.
  @Test func recallHoldsAmongVectorsThatAreAlike() {
    var numbers = Numbers(31)
    let dimension = 384
    let center = numbers.unitVector(dimension).map { $0 * 2 }
    let clusters = (0..<300).map { _ in numbers.unitVector(dimension) }
    let vectors = (0..<15_000).map { row in
      let own = numbers.unitVector(dimension)
      let sum = (0..<dimension).map { center[$0] + clusters[row % 300][$0] + 0.6 * own[$0] }
      let length = sum.reduce(0) { $0 + $1 * $1 }.squareRoot()
      return sum.map { $0 / length }
    }
    let queries = (0..<40).map { query in
      zip(vectors[query * 31], numbers.unitVector(dimension)).map { $0 + 0.1 * $1 }
    }
    let rows = Rows(vectors, dimension: dimension)
    let search = FlatSearch(dimension: dimension, threads: 2)
    let found = SearchMethod.allCases.map {
      search.search(queries: queries, segments: [rows.segment], limit: 10, method: $0)
    }
    withExtendedLifetime(rows) {}
    let recall = found.map { method in
      zip(found[0], method).reduce(0) {
        $0 + Set($1.0.map(\.row)).intersection($1.1.map(\.row)).count
      }
    }
    #expect(recall[0] == 400)
    #expect(recall[1] == 400)
    #expect(recall[2] >= 396)
  }
}
