/// How candidates are found; every method ends with exact f32 scores of the candidates.
public enum SearchMethod: String, Sendable, CaseIterable {
  /// As if every vector were scored in f32; candidates come from an int8 scan with a proven bound on its error.
  case exact
  /// Every vector in int8, the best rescored in f32.
  case int8
  /// Every vector by its signs, the best rescored in int8, the best of those in f32.
  case binary
}

/// A search by vectors.
public struct VectorSearch: Sendable {
  /// Each of length 1 and `dimension` components.
  public var queries: [[Float]]
  /// Where the queries come from; checked against the collection's contract, side `query`.
  public var origin: VectorOrigin
  /// Hits a query, 1 to 1,000.
  public var limit: Int
  public var filter: Filter?
  public var method: SearchMethod
  /// Whether hits carry their documents.
  public var documents: Bool

  public init(
    queries: [[Float]], origin: VectorOrigin, limit: Int = 10, filter: Filter? = nil,
    method: SearchMethod = .int8, documents: Bool = true
  ) {
    self.queries = queries
    self.origin = origin
    self.limit = limit
    self.filter = filter
    self.method = method
    self.documents = documents
  }
}

/// A document found.
public struct Hit: Sendable, Equatable {
  public var id: String
  /// Inner product of the two vectors, or the BM25 score of a search by words.
  public var score: Float
  /// nil where documents were not asked for.
  public var document: Document?

  public init(id: String, score: Float, document: Document? = nil) {
    self.id = id
    self.score = score
    self.document = document
  }
}
