import Retrieval
import Service

extension SearchRequest {
  /// - Throws: `invalidArgument` naming the field for an enum value this version does not know.
  public init(_ request: Duri_V1_SearchRequest) throws(ServiceError) {
    self.init(
      collection: request.collection, queries: request.queries,
      limit: Int(request.limit), filter: request.filter, mode: try SearchMode(request.mode),
      method: try SearchMethod(request.method), rerank: request.rerank,
      rerankCandidates: Int(request.rerankCandidates), documents: !request.idsOnly,
      instruction: request.hasInstruction ? request.instruction : nil,
      vectorWeight: request.hasVectorWeight ? request.vectorWeight : 0.5)
  }
}

extension Duri_V1_SearchRequest {
  public init(_ request: SearchRequest) {
    self.init()
    collection = request.collection
    queries = request.queries
    limit = UInt32(clamping: request.limit)
    filter = request.filter
    rerank = request.rerank
    rerankCandidates = UInt32(clamping: request.rerankCandidates)
    idsOnly = !request.documents
    if let instruction = request.instruction { self.instruction = instruction }
    vectorWeight = request.vectorWeight
    mode =
      switch request.mode {
      case .vector: .vector
      case .text: .text
      case .hybrid: .hybrid
      }
    method =
      switch request.method {
      case .exact: .exact
      case .int8: .int8
      case .binary: .binary
      }
  }
}

extension SearchMode {
  init(_ mode: Duri_V1_SearchMode) throws(ServiceError) {
    switch mode {
    case .unspecified, .vector: self = .vector
    case .text: self = .text
    case .hybrid: self = .hybrid
    case .UNRECOGNIZED(let value):
      throw ServiceError(.invalidArgument, "mode has the unknown value \(value)")
    }
  }
}

extension SearchMethod {
  init(_ method: Duri_V1_SearchMethod) throws(ServiceError) {
    switch method {
    case .unspecified, .int8: self = .int8
    case .exact: self = .exact
    case .binary: self = .binary
    case .UNRECOGNIZED(let value):
      throw ServiceError(.invalidArgument, "method has the unknown value \(value)")
    }
  }
}

extension Duri_V1_SearchResponse {
  public init(_ reply: SearchReply) {
    self.init()
    timings.totalNs = reply.total.nanoseconds
    results = reply.results.map { outcome in
      var result = Duri_V1_SearchResult()
      switch outcome {
      case .success(let found):
        result.status = Duri_V1_ItemStatus(nil)
        result.hits = found.hits.map(Duri_V1_SearchHit.init)
        if let receipt = found.receipt { result.receipt = Duri_V1_Receipt(receipt) }
      case .failure(let error):
        result.status = Duri_V1_ItemStatus(error)
      }
      return result
    }
  }
}

extension Duri_V1_SearchHit {
  init(_ hit: RankedHit) {
    self.init()
    id = hit.id
    score = hit.score
    vectorRank = UInt32(clamping: hit.vectorRank ?? 0)
    textRank = UInt32(clamping: hit.textRank ?? 0)
    if let score = hit.vectorScore { vectorScore = score }
    if let score = hit.textScore { textScore = score }
    if let score = hit.rerankScore { rerankScore = score }
    if let document = hit.document { self.document = Duri_V1_Document(document) }
  }
}
