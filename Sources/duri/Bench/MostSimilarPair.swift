import Foundation

/// The two rows with the largest dot product, found by computing all of them.
struct MostSimilarPair: Equatable, Sendable {
  /// `first` < `second`.
  var first: Int
  var second: Int
  /// Dot product in single precision.
  var score: Float

  private static let none = MostSimilarPair(first: .max, second: .max, score: -.infinity)

  /// Rows of a tile, a multiple of the group: with 384 components two tiles take 290 KB, which fits
  /// an L2 cache.
  private static let tileRows = 96

  /// Of several pairs with the same score the one that comes first.
  ///
  /// - Returns: nil for fewer than two rows, or if no score is a number.
  static func find(_ rows: VectorRows, threads: Int) async -> MostSimilarPair? {
    await withCheckedContinuation { continuation in
      // Not on a thread of the cooperative pool, which must not be held for long.
      DispatchQueue.global().async { continuation.resume(returning: search(rows, threads)) }
    }
  }

  private static func search(_ rows: VectorRows, _ threads: Int) -> MostSimilarPair? {
    let threads = max(1, threads)
    let best = UnsafeMutableBufferPointer<MostSimilarPair>.allocate(capacity: threads)
    best.initialize(repeating: none)
    defer { best.deallocate() }
    // Each iteration writes its own element of `best`.
    nonisolated(unsafe) let results = best
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      results[thread] = search(rows, part: thread, of: threads)
    }
    let found = best.reduce(none) { $1.isBetter(than: $0) ? $1 : $0 }
    return found.second < rows.count ? found : nil
  }

  /// Every `parts`-th row of tiles of the upper triangle.
  private static func search(_ rows: VectorRows, part: Int, of parts: Int) -> MostSimilarPair {
    var best = none
    rows.storage.withUnsafeBufferPointer { storage in
      guard let base = storage.baseAddress else { return }
      let total = storage.count / max(1, rows.stride)
      for top in stride(from: part * tileRows, to: total, by: parts * tileRows) {
        for left in stride(from: top, to: total, by: tileRows) {
          for i in stride(from: top, to: min(top + tileRows, total), by: VectorRows.group) {
            for j in stride(from: left, to: min(left + tileRows, total), by: VectorRows.group)
            where j >= i {
              compare(base, i, j, rows, &best)
            }
          }
        }
      }
    }
    return best
  }

  /// Rows i…i+2 with rows j…j+2. Nine sums, three rows and a product fit sixteen SSE registers.
  @inline(__always)
  private static func compare(
    _ base: UnsafePointer<SIMD4<Float>>, _ i: Int, _ j: Int, _ rows: VectorRows,
    _ best: inout MostSimilarPair
  ) {
    let stride = rows.stride
    let a0 = base + i * stride
    let a1 = a0 + stride
    let a2 = a1 + stride
    let b0 = base + j * stride
    let b1 = b0 + stride
    let b2 = b1 + stride
    var s00 = SIMD4<Float>.zero
    var s01 = SIMD4<Float>.zero
    var s02 = SIMD4<Float>.zero
    var s10 = SIMD4<Float>.zero
    var s11 = SIMD4<Float>.zero
    var s12 = SIMD4<Float>.zero
    var s20 = SIMD4<Float>.zero
    var s21 = SIMD4<Float>.zero
    var s22 = SIMD4<Float>.zero
    var k = 0
    while k < stride {
      let x0 = a0[k]
      let x1 = a1[k]
      let x2 = a2[k]
      let y0 = b0[k]
      s00 += x0 * y0
      s10 += x1 * y0
      s20 += x2 * y0
      let y1 = b1[k]
      s01 += x0 * y1
      s11 += x1 * y1
      s21 += x2 * y1
      let y2 = b2[k]
      s02 += x0 * y2
      s12 += x1 * y2
      s22 += x2 * y2
      k &+= 1
    }
    let scores = (s00, s01, s02, s10, s11, s12, s20, s21, s22)
    let count = rows.count
    best.consider(i, j, scores.0, count)
    best.consider(i, j + 1, scores.1, count)
    best.consider(i, j + 2, scores.2, count)
    best.consider(i + 1, j, scores.3, count)
    best.consider(i + 1, j + 1, scores.4, count)
    best.consider(i + 1, j + 2, scores.5, count)
    best.consider(i + 2, j, scores.6, count)
    best.consider(i + 2, j + 1, scores.7, count)
    best.consider(i + 2, j + 2, scores.8, count)
  }

  @inline(__always)
  private mutating func consider(_ i: Int, _ j: Int, _ sums: SIMD4<Float>, _ count: Int) {
    let score = sums.sum()
    guard score >= self.score, i < j, j < count else { return }
    let candidate = MostSimilarPair(first: i, second: j, score: score)
    if candidate.isBetter(than: self) { self = candidate }
  }

  private func isBetter(than other: MostSimilarPair) -> Bool {
    score > other.score
      || (score == other.score && (first, second) < (other.first, other.second))
  }
}
