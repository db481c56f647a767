import Retrieval
import Tokenization

/// Which evidence ranks the documents.
public enum SearchMode: String, Sendable, CaseIterable {
  /// Meaning: the vectors' inner product.
  case vector
  /// Words: BM25.
  case text
  /// Both, fused by rank.
  case hybrid
}

/// A search of one collection.
public struct SearchRequest: Sendable {
  public var collection: String
  public var queries: [String]
  /// Hits a query, 1 to 1,000; 0 means 10.
  public var limit: Int
  /// A condition on metadata in ``Filter``'s grammar; empty means none.
  public var filter: String
  public var mode: SearchMode
  public var method: SearchMethod
  /// Have the cross-encoder rank the best candidates again.
  public var rerank: Bool
  /// Candidates for the cross-encoder; 0 means 50, and never fewer than `limit`.
  public var rerankCandidates: Int
  /// Whether hits carry their documents.
  public var documents: Bool
  /// Task description, for instruct models only.
  public var instruction: String?
  /// Hybrid only: weight of meaning against words, 0 to 1.
  public var vectorWeight: Float

  public init(
    collection: String, queries: [String], limit: Int = 0, filter: String = "",
    mode: SearchMode = .vector, method: SearchMethod = .int8, rerank: Bool = false,
    rerankCandidates: Int = 0, documents: Bool = true, instruction: String? = nil,
    vectorWeight: Float = 0.5
  ) {
    self.collection = collection
    self.queries = queries
    self.limit = limit
    self.filter = filter
    self.mode = mode
    self.method = method
    self.rerank = rerank
    self.rerankCandidates = rerankCandidates
    self.documents = documents
    self.instruction = instruction
    self.vectorWeight = vectorWeight
  }
}

/// What one query found.
public struct SearchResult: Sendable {
  /// Best first.
  public var hits: [RankedHit]
  /// What the model saw of the query; nil for a search by words alone.
  public var receipt: Receipt?
}

/// A document found, and the evidence for it.
public struct RankedHit: Sendable, Equatable {
  public var id: String
  /// The score that ranks the hits: cosine, BM25, fused, or the cross-encoder's.
  public var score: Float
  /// Place among the hits by meaning, from 1; nil if it was not among them.
  public var vectorRank: Int?
  public var vectorScore: Float?
  /// Place among the hits by words, from 1.
  public var textRank: Int?
  public var textScore: Float?
  public var rerankScore: Float?
  public var document: Document?

  public init(id: String, score: Float, document: Document? = nil) {
    self.id = id
    self.score = score
    self.document = document
  }
}

/// Results of a search, one a query.
public struct SearchReply: Sendable {
  public var results: [Result<SearchResult, ServiceError>]
  public var total: Duration
}
