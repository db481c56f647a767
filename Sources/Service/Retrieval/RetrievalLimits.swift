/// Bounds on what one retrieval call may ask.
public struct RetrievalLimits: Sendable, Equatable {
  /// Documents in one upsert message.
  public var maximumDocuments: Int
  /// Queries in one search.
  public var maximumQueries: Int
  /// Hits a query, and candidates for the cross-encoder.
  public var maximumHits: Int
  /// Documents in one page of a list.
  public var maximumPage: Int
  /// Documents whose vectors are mined, clustered or laid out together: all their pairs are looked at.
  public var maximumMined: Int
  /// Calls of that kind at once: each holds a copy of the vectors and takes every core it can get.
  public var maximumMinings: Int
  /// Texts of one similarity matrix: its size is their square.
  public var maximumMatrixTexts: Int
  /// Bytes of a reply's documents, about: what our own client takes as one message.
  public var maximumReplyBytes: Int

  public init(
    maximumDocuments: Int = 4_096, maximumQueries: Int = 64, maximumHits: Int = 1_000,
    maximumPage: Int = 1_000, maximumMined: Int = 200_000, maximumMinings: Int = 4,
    maximumMatrixTexts: Int = 512, maximumReplyBytes: Int = 64 << 20
  ) {
    self.maximumDocuments = maximumDocuments
    self.maximumQueries = maximumQueries
    self.maximumHits = maximumHits
    self.maximumPage = maximumPage
    self.maximumMined = maximumMined
    self.maximumMinings = maximumMinings
    self.maximumMatrixTexts = maximumMatrixTexts
    self.maximumReplyBytes = maximumReplyBytes
  }

  /// Refuses more than one call may carry.
  func check(_ count: Int, atMost limit: Int, _ what: String) throws(ServiceError) {
    guard count <= limit else {
      throw ServiceError(
        .invalidArgument, "\(count) \(what) in one call; the limit is \(limit), send several calls")
    }
  }

  /// A count a client chose: 0 means the default.
  func resolve(
    _ count: Int, default standard: Int, atMost limit: Int, _ what: String
  ) throws(ServiceError) -> Int {
    guard count >= 0, count <= limit else {
      throw ServiceError(.invalidArgument, "\(what) is \(count); it must be 1 to \(limit)")
    }
    return count == 0 ? standard : count
  }
}
