/// A mean and how sure it is.
public struct Estimate: Sendable, Equatable, Codable {
  public var value: Double
  /// Bounds of the 95 % confidence interval.
  public var low: Double
  public var high: Double

  public init(value: Double, low: Double, high: Double) {
    self.value = value
    self.low = low
    self.high = high
  }
}

/// How good the rankings of many queries are: the mean of each measure with its 95 % confidence interval
/// (bootstrap over the queries).
public struct RankingSummary: Sendable, Equatable, Codable {
  /// k of all measures.
  public var cutoff: Int
  /// Queries measured.
  public var queries: Int
  public var ndcg: Estimate
  public var mrr: Estimate
  public var recall: Estimate
  public var precision: Estimate
  public var map: Estimate

  /// - Parameter measures: one a query that has relevant documents.
  public init(_ measures: [RankingMeasures], cutoff: Int, bootstrap: Bootstrap = Bootstrap()) {
    self.cutoff = cutoff
    queries = measures.count
    ndcg = bootstrap.mean(measures.map(\.ndcg))
    mrr = bootstrap.mean(measures.map(\.reciprocalRank))
    recall = bootstrap.mean(measures.map(\.recall))
    precision = bootstrap.mean(measures.map(\.precision))
    map = bootstrap.mean(measures.map(\.averagePrecision))
  }
}
