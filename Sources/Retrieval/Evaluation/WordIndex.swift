import Foundation

/// Words of documents in memory, for judging a search by words (BM25, Robertson and others 1994) without a
/// store: the formula and constants of SQLite's FTS5, so that scores rank as the embedded store's.
public struct WordIndex: Sendable {
  private var ids: [String] = []
  /// Tokens of each document.
  private var lengths: [Int] = []
  /// Token to (document, occurrences).
  private var postings: [String: [(document: Int32, times: Int32)]] = [:]
  private var totalLength = 0

  private static let saturation = 1.2
  private static let lengthShare = 0.75

  public init() {}

  public var count: Int { ids.count }

  public mutating func add(id: String, text: String) {
    let document = Int32(truncatingIfNeeded: ids.count)
    let tokens = lexicalTokens(text)
    var times: [String: Int32] = [:]
    for token in tokens { times[token, default: 0] += 1 }
    for (token, times) in times { postings[token, default: []].append((document, times)) }
    ids.append(id)
    lengths.append(tokens.count)
    totalLength += tokens.count
  }

  /// The documents that have words of the query, best first, equal scores by place of adding.
  ///
  /// - Parameters:
  ///   - limit: hits; none if it is not positive.
  ///   - admits: whether a document may be found, by its place of adding. The statistics of words are those
  ///     of all documents, as in a store with a filter.
  public func search(
    _ query: String, limit: Int, where admits: (Int) -> Bool = { _ in true }
  ) -> [Hit] {
    guard limit > 0, totalLength > 0 else { return [] }
    let meanLength = Double(totalLength) / Double(ids.count)
    var scores: [Int32: Double] = [:]
    for token in lexicalQueryTokens(query) {
      guard let found = postings[token] else { continue }
      let rarity = log((Double(ids.count - found.count) + 0.5) / (Double(found.count) + 0.5))
      // A word in more than half of the documents still counts for a little.
      let weight = rarity > 0 ? rarity : 1e-6
      for (document, times) in found {
        let times = Double(times)
        let length = Double(lengths[Int(document)]) / meanLength
        let damping = Self.saturation * (1 - Self.lengthShare + Self.lengthShare * length)
        scores[document, default: 0] += weight * times * (Self.saturation + 1) / (times + damping)
      }
    }
    return scores.filter { admits(Int($0.key)) }
      .sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }
      .prefix(limit)
      .map { Hit(id: ids[Int($0.key)], score: Float($0.value)) }
  }
}
