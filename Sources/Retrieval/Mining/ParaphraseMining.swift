import Synchronization

/// Two documents and their cosine.
public struct ScoredPair: Sendable, Equatable {
  /// The one that stands first in the table.
  public var first: String
  public var second: String
  public var score: Float

  public init(first: String, second: String, score: Float) {
    self.first = first
    self.second = second
    self.score = score
  }
}

/// The pairs of rows most like each other, every row compared with every other: the pairs of
/// sentence-transformers' `util.paraphrase_mining_embeddings`.
///
/// A pair counts if one of its rows is among the other's nearest `neighbours`. Memory beyond the table:
/// some megabytes a thread and some dozens of bytes a pair of `limit`. Runs on all cores, long for large
/// tables; not to be called on Swift's cooperative threads.
///
/// - Parameters:
///   - limit: pairs; none if it is not positive.
///   - neighbours: rows looked at for each row, at least 1.
///   - minimumScore: only pairs of at least this cosine.
/// - Returns: each pair once, best first, equal scores in the order of the table. Scores are summed in
///   double, so they do not depend on the threads or the CPU.
public func mineParaphrases(
  _ table: VectorTable, limit: Int, neighbours: Int, minimumScore: Float,
  cancellation: MiningCancellation? = nil
) -> [ScoredPair] {
  guard limit > 0 else { return [] }
  let rows = UnitRows(table)
  let best = BestPairs(limit: limit)
  // Scores of single precision may lie beside the true ones; the exact ones are compared below.
  let lowest = minimumScore - 1e-5
  forEachNearest(
    RowProducts(rows, rows), limit: neighbours, excludesSelf: true, cancellation: cancellation,
    above: { max(lowest, best.floor.nextDown) }
  ) { row, keys in
    best.offer(keys, of: row)
  }
  var pairs = best.sorted()
  for index in pairs.indices { pairs[index].score = rows.exactScore(of: pairs[index]) }
  pairs.removeAll { $0.score < minimumScore }
  pairs.sort(by: PairKey.isBetter)
  return pairs.prefix(limit).map {
    ScoredPair(first: table.ids[$0.first], second: table.ids[$0.second], score: $0.score)
  }
}

/// Two rows, the lower number first, and their score.
private struct PairKey {
  var score: Float
  var place: UInt64

  init(score: Float, _ one: UInt32, _ other: UInt32) {
    self.score = score
    place = UInt64(min(one, other)) << 32 | UInt64(max(one, other))
  }

  var first: Int { Int(place >> 32) }
  var second: Int { Int(place & 0xFFFF_FFFF) }

  static func isBetter(_ a: PairKey, _ b: PairKey) -> Bool {
    a.score != b.score ? a.score > b.score : a.place < b.place
  }
}

extension UnitRows {
  /// The pair's score, summed in double.
  fileprivate func exactScore(of pair: PairKey) -> Float {
    var sum = 0.0
    let first = pair.first * dimension
    let second = pair.second * dimension
    for index in 0..<dimension { sum += Double(values[first + index]) * Double(values[second + index]) }
    return Float(min(max(sum, -1), 1))
  }
}

/// The best pairs that all threads found; what is kept does not depend on the order of finding.
private final class BestPairs: Sendable {
  private let limit: Int
  private let pairs = Mutex<[PairKey]>([])
  private let floorBits = Atomic<UInt32>((-Float.infinity).bitPattern)

  init(limit: Int) {
    // Pairs of nearly equal scores may change places when these are summed in double.
    self.limit = limit + min(limit, 1_000)
  }

  /// No pair of a lower score is among the best.
  var floor: Float { Float(bitPattern: floorBits.load(ordering: .relaxed)) }

  /// - Parameter keys: the nearest rows of `row`.
  func offer(_ keys: [RowKey], of row: Int) {
    guard !keys.isEmpty else { return }
    let row = UInt32(truncatingIfNeeded: row)
    pairs.withLock { pairs in
      let lowest = floor
      for key in keys where key.score >= lowest {
        pairs.append(PairKey(score: key.score, row, key.row))
      }
      // Every pair may have come twice, once from each of its rows.
      if pairs.count >= 2 * limit + 65_536 { shrink(&pairs) }
    }
  }

  func sorted() -> [PairKey] {
    pairs.withLock { pairs in
      shrink(&pairs)
      return pairs
    }
  }

  /// Keeps the best `limit` different pairs, best first.
  private func shrink(_ pairs: inout [PairKey]) {
    pairs.sort(by: PairKey.isBetter)
    var seen: Set<UInt64> = []
    seen.reserveCapacity(min(limit, pairs.count))
    var kept = 0
    for index in pairs.indices {
      if kept == limit { break }
      guard seen.insert(pairs[index].place).inserted else { continue }
      pairs[kept] = pairs[index]
      kept += 1
    }
    pairs.removeLast(pairs.count - kept)
    if kept == limit, let last = pairs.last {
      floorBits.store(last.score.bitPattern, ordering: .relaxed)
    }
  }
}
