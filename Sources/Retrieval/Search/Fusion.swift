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
  var sums: [String: Double] = [:]
  var hits: [String: Hit] = [:]
  for (number, list) in lists.enumerated() {
    let weight = weights.flatMap { number < $0.count ? $0[number] : nil } ?? 1
    guard weight > 0 else { continue }
    let scores = list.lazy.map(\.score).filter(\.isFinite)
    let range = (scores.min() ?? 0)...(scores.max() ?? 0)
    var seen: Set<String> = []
    for (place, hit) in list.enumerated() where hit.score.isFinite && seen.insert(hit.id).inserted {
      sums[hit.id, default: 0] += Double(weight) * part(place, hit.score, range)
      if hits[hit.id]?.document == nil { hits[hit.id] = hit }
    }
  }
  return sums.map { id, sum in (id, sum) }
    .sorted { $0.1 != $1.1 ? $0.1 > $1.1 : $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
    .map { id, sum in Hit(id: id, score: Float(sum), document: hits[id]?.document) }
}
