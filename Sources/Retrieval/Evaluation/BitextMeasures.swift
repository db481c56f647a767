/// How well translations find each other: every sentence of one side looks for the nearest of the other, by
/// cosine, and should find the one in its own place.
///
/// The numbers are those of MTEB's bitext mining (Tatoeba and others), which reports one direction, from the first
/// side to the second: each place is a class, precision, recall and F1 are taken per class and averaged with the
/// number of right answers a class has, one each (scikit-learn's `average="weighted"`). The accuracy equals the
/// recall. Of equally near sentences the first is found.
public struct BitextMeasures: Sendable, Equatable, Codable {
  /// Share of the sentences that find their translation.
  public var accuracy: Estimate
  public var f1: Estimate
  /// Weighted precision.
  public var precision: Estimate

  /// - Parameter found: for each sentence the place of the sentence found; -1 where there is none.
  public init(found: [Int], bootstrap: Bootstrap = Bootstrap()) {
    var times: [Int: Int] = [:]
    for place in found { times[place, default: 0] += 1 }
    // A class that was found has recall 1 and precision 1 / times.
    let right = found.enumerated().map { $0 == $1 }
    let precisions = found.enumerated().map { place, answer in
      place == answer ? 1 / Double(times[place] ?? 1) : 0
    }
    accuracy = bootstrap.mean(right.map { $0 ? 1 : 0 })
    f1 = bootstrap.mean(precisions.map { 2 * $0 / (1 + $0) })
    precision = bootstrap.mean(precisions)
  }
}

/// Both directions of a bitext.
public struct BitextSummary: Sendable, Equatable, Codable {
  /// Pairs of sentences.
  public var pairs: Int
  /// From the first side to the second.
  public var forward: BitextMeasures
  public var backward: BitextMeasures

  /// Compares every sentence of one side with every one of the other.
  ///
  /// - Parameters:
  ///   - first: one vector a sentence.
  ///   - second: the translations' vectors, in the same order.
  public init(first: VectorTable, second: VectorTable, bootstrap: Bootstrap = Bootstrap()) {
    let first = UnitRows(first), second = UnitRows(second)
    pairs = min(first.count, second.count)
    func measures(_ from: UnitRows, _ to: UnitRows) -> BitextMeasures {
      BitextMeasures(
        found: nearestRows(from, in: to, limit: 1).map { $0.first?.row ?? -1 }, bootstrap: bootstrap)
    }
    forward = measures(first, second)
    backward = measures(second, first)
  }
}
