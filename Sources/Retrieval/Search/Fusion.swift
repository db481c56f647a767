/// One ranking out of several, by the places of the documents alone: reciprocal rank fusion (Cormack,
/// Clarke and Büttcher, SIGIR 2009).
///
/// A document's score is the sum over the lists of weight / (constant + place), places counted from 1.
///
/// - Parameters:
///   - lists: each best first. Of a document that occurs twice in a list the first place counts.
///   - constant: how little the first places stand out; 60 in the paper.
///   - weights: one a list; nil: all 1. Lists without a weight count 1.
/// - Returns: every document of positive weight once, best first, equal scores by id (UTF-8 bytes),
///   with the content of the first hit that has one.
public func fuseByRank(
  _ lists: [[Hit]], constant: Float = 60, weights: [Float]? = nil
) -> [Hit] {
  fuse(lists, weights) { place, _, _ in 1 / (Double(constant) + Double(place + 1)) }
}

/// One ranking out of several, by the scores: each list's are mapped onto 0…1 by its own least and largest,
/// multiplied with its weight and summed.
///
/// A list whose scores are all equal gives each of its documents 1.
///
/// - Parameters:
///   - lists: each best first. Of a document that occurs twice in a list the first score counts.
///   - weights: one a list; nil: all 1. Lists without a weight count 1.
/// - Returns: every document of positive weight once, best first, equal scores by id (UTF-8 bytes),
///   with the content of the first hit that has one.
public func fuseByScore(_ lists: [[Hit]], weights: [Float]? = nil) -> [Hit] {
  fuse(lists, weights) { _, score, range in
    let width = Double(range.upperBound) - Double(range.lowerBound)
    return width > 0 ? (Double(score) - Double(range.lowerBound)) / width : 1
  }
}

/// Sums what each list says of a document.
///
/// - Parameter part: of a document at a place (from 0), with its score and the list's range of scores.
private func fuse(
  _ lists: [[Hit]], _ weights: [Float]?,
  part: (_ place: Int, _ score: Float, _ range: ClosedRange<Float>) -> Double
) -> [Hit] {
  // By bytes: to Swift, ids are equal that no store takes for one.
  var sums: [[UInt8]: Double] = [:]
  var hits: [[UInt8]: Hit] = [:]
  for (number, list) in lists.enumerated() {
    let weight = weights.flatMap { number < $0.count ? $0[number] : nil } ?? 1
    guard weight > 0 else { continue }
    let scores = list.lazy.map(\.score).filter(\.isFinite)
    let range = (scores.min() ?? 0)...(scores.max() ?? 0)
    var seen: Set<[UInt8]> = []
    for (place, hit) in list.enumerated() where hit.score.isFinite {
      let id = Array(hit.id.utf8)
      guard seen.insert(id).inserted else { continue }
      sums[id, default: 0] += Double(weight) * part(place, hit.score, range)
      if hits[id]?.document == nil { hits[id] = hit }
    }
  }
  return sums.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key.lexicographicallyPrecedes($1.key) }
    .compactMap { id, sum in
      hits[id].map { Hit(id: $0.id, score: Float(sum), document: $0.document) }
    }
}
