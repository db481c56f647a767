import Foundation

/// Which documents answer a query, and how well: document id to grade. Grades of 1 and more are relevant; 0 and
/// less say that a document was looked at and is not.
public typealias Judgements = [String: Int]

/// How good one ranking is, by the definitions of trec_eval (and pytrec_eval, BEIR, MTEB).
public struct RankingMeasures: Sendable, Equatable, Codable {
  /// Discounted cumulative gain over the best possible one: gain = grade, discount = log₂(place + 1), with
  /// the gains of all relevant documents, cut at k, as the best.
  public var ndcg: Double
  /// 1 / place of the first relevant document among the first k; 0 without one.
  public var reciprocalRank: Double
  /// Share of the relevant documents that are among the first k.
  public var recall: Double
  /// Share of the first k places that have a relevant document, even where fewer documents were found.
  public var precision: Double
  /// Mean over all relevant documents of the precision at their places; 0 for those not among the first k.
  public var averagePrecision: Double

  /// Measures a ranking.
  ///
  /// The order is by score and among equal scores by id, the larger UTF-8 bytes first, as in trec_eval,
  /// whatever the order of `hits`.
  ///
  /// - Parameters:
  ///   - hits: of one query; of a document that occurs twice the better hit counts.
  ///   - cutoff: k, at least 1.
  /// - Returns: nothing but zeros where no document is relevant.
  public init(_ hits: [Hit], judgements: Judgements, cutoff: Int) {
    let k = max(cutoff, 1)
    let ranking = Self.ranked(hits).prefix(k)
    let gains = judgements.values.filter { $0 > 0 }.sorted(by: >)
    ndcg = 0
    reciprocalRank = 0
    recall = 0
    precision = 0
    averagePrecision = 0
    guard !gains.isEmpty else { return }
    var gained = 0.0
    var found = 0
    for (index, id) in ranking.enumerated() {
      guard let grade = judgements[id], grade > 0 else { continue }
      found += 1
      gained += Double(grade) / log2(Double(index + 2))
      averagePrecision += Double(found) / Double(index + 1)
      if found == 1 { reciprocalRank = 1 / Double(index + 1) }
    }
    var best = 0.0
    for (index, grade) in gains.prefix(k).enumerated() { best += Double(grade) / log2(Double(index + 2)) }
    ndcg = gained / best
    recall = Double(found) / Double(gains.count)
    precision = Double(found) / Double(k)
    averagePrecision /= Double(gains.count)
  }

  /// Ids in trec_eval's order, each once.
  private static func ranked(_ hits: [Hit]) -> [String] {
    var seen: Set<String> = []
    return hits.sorted { a, b in
      a.score != b.score ? a.score > b.score : b.id.utf8.lexicographicallyPrecedes(a.id.utf8)
    }.map(\.id).filter { seen.insert($0).inserted }
  }
}
