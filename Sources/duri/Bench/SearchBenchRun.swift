import Foundation
import Retrieval

/// Measures searches of one sample.
struct SearchMeasurement {
  /// One line of the table.
  struct Line {
    /// nil: reading all of the f32 rows, to know the memory's bandwidth.
    let method: SearchMethod?
    /// Queries at once.
    let queries: Int
    /// Seconds a call.
    var samples: [Double] = []

    var name: String { method.map { "duri-\($0.rawValue)" } ?? "read" }
    /// The JSON's fields that name the line.
    var key: String { "\"engine\":\(quoted(name)),\"queries\":\(queries)" }
  }

  private let sample: SearchSample
  private let limit: Int
  private let threads: Int
  private let batch: Int
  private let search: FlatSearch

  init(_ sample: SearchSample, limit: Int, threads: Int, batch: Int) {
    self.sample = sample
    self.limit = limit
    self.threads = threads
    self.batch = min(batch, sample.queries.count)
    search = FlatSearch(dimension: sample.dimension, threads: threads)
  }

  func lines() -> [Line] {
    [Line(method: nil, queries: 1)]
      + [1, batch].flatMap { count in
        SearchMethod.allCases.map { Line(method: $0, queries: count) }
      }
  }

  /// - Returns: seconds of each call of one round.
  func measure(_ line: Line, round: Int) -> [Double] {
    let clock = ContinuousClock()
    let calls = line.method != nil && line.queries == 1 ? 20 : 2
    return (0..<calls).map { call in
      let first = (round * calls + call) * line.queries
      let queries = (0..<line.queries).map { sample.queries[(first + $0) % sample.queries.count] }
      let start = clock.now
      if let method = line.method {
        _ = find(queries, method)
      } else {
        readAll()
      }
      return (clock.now - start) / .seconds(1)
    }
  }

  private func find(_ queries: [[Float]], _ method: SearchMethod) -> [[ScoredRow]] {
    search.search(queries: queries, segments: sample.segments, limit: limit, method: method)
  }

  /// Reads every f32 row once, on all threads.
  private func readAll() {
    let segments = sample.segments
    let dimension = sample.dimension
    let totals = UnsafeMutablePointer<UInt64>.allocate(capacity: threads)
    defer { totals.deallocate() }
    nonisolated(unsafe) let sums = totals
    DispatchQueue.concurrentPerform(iterations: threads) { [threads] thread in
      var sum = SIMD8<UInt64>.zero
      for index in stride(from: thread, to: segments.count, by: threads) {
        let words = segments[index].count * dimension / 16
        segments[index].f32.withMemoryRebound(to: SIMD8<UInt64>.self, capacity: words) { rows in
          for word in 0..<words { sum &+= rows[word] }
        }
      }
      sums[thread] = sum.wrappedSum()
    }
    // Whoever computes the sum must read everything.
    if (0..<threads).reduce(0, { $0 &+ totals[$1] }) == 1 { report("duri: an unlikely sum") }
  }

  // MARK: - What is missed

  /// Share of the true best rows that a method finds, over all queries.
  private func recall(_ method: SearchMethod) -> Double {
    let queries = Array(sample.queries.prefix(256))
    let exact = find(queries, .exact)
    let found = find(queries, method)
    var hits = 0
    for (a, b) in zip(exact, found) { hits += Set(a.map(\.row)).intersection(b.map(\.row)).count }
    return Double(hits) / Double(max(1, exact.reduce(0) { $0 + $1.count }))
  }

  func recallJSON() -> String {
    let list = [SearchMethod.int8, .binary].map {
      "\"\($0.rawValue)\":\(String(format: "%.5f", recall($0)))"
    }
    return "{\"rows\":\(sample.count),\"dimension\":\(sample.dimension),\"recall\":{"
      + list.joined(separator: ",") + "}}"
  }

  func table(_ lines: [Line]) -> String {
    var text = row("what", "queries", "median ms", "p90 ms", "ms/query", "GB/s", "recall")
    for line in lines {
      guard let statistics = SampleStatistics(line.samples) else { continue }
      let bandwidth = bytes(line.method) / max(statistics.median, 1e-9) / 1e9
      let missing = line.queries == 1 && line.method != nil && line.method != .exact
      text +=
        "\n"
        + row(
          line.name, String(line.queries), milliseconds(statistics.median),
          milliseconds(statistics.p90), milliseconds(statistics.median / Double(line.queries)),
          line.queries == 1 ? String(format: "%.1f", bandwidth) : "",
          missing ? line.method.map { String(format: "%.4f", recall($0)) } ?? "" : "")
    }
    return text
  }

  /// What one search reads of every row.
  private func bytes(_ method: SearchMethod?) -> Double {
    let padded = (sample.dimension + 63) / 64 * 64
    let row =
      switch method {
      case nil: sample.dimension * 4
      case .exact, .int8: padded + 4
      case .binary: padded / 8
      }
    return Double(sample.count) * Double(row)
  }

  private func row(_ cells: String...) -> String {
    cells.enumerated().map { index, cell in
      index == 0
        ? cell.padding(toLength: 12, withPad: " ", startingAt: 0)
        : String(repeating: " ", count: max(1, 11 - cell.count)) + cell
    }.joined()
  }
}
