import Retrieval
import Service

/// Body of `POST …/search`: `SearchRequest`; `query` stands for a list of one.
public struct SearchBody: Decodable, Sendable {
  private let build: @Sendable (String) -> SearchRequest

  /// The request, its collection named by the path.
  public func request(in collection: String) -> SearchRequest { build(collection) }

  private enum Field: String, CodingKey, CaseIterable {
    case query, queries, limit, filter, mode, method, rerank, instruction
    case rerankCandidates = "rerank_candidates"
    case idsOnly = "ids_only"
    case vectorWeight = "vector_weight"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Field>(decoder)
    let query: String? = try fields.optional(.query)
    let list: [String]? = try fields.optional(.queries)
    if query != nil, list != nil {
      throw FieldFault(message: "the body has both 'query' and 'queries'; leave one out")
    }
    let queries: [String] = try query.map { [$0] } ?? list ?? fields.require(.queries)
    let limit: Int = try fields.optional(.limit) ?? 0
    let filter: String = try fields.optional(.filter) ?? ""
    let mode: SearchMode = try fields.word(.mode) ?? .vector
    let method: SearchMethod = try fields.word(.method) ?? .int8
    let rerank: Bool = try fields.optional(.rerank) ?? false
    let candidates: Int = try fields.optional(.rerankCandidates) ?? 0
    let idsOnly: Bool = try fields.optional(.idsOnly) ?? false
    let instruction: String? = try fields.optional(.instruction)
    let weight: Float = try fields.optional(.vectorWeight) ?? 0.5
    build = { collection in
      SearchRequest(
        collection: collection, queries: queries, limit: limit, filter: filter, mode: mode,
        method: method, rerank: rerank, rerankCandidates: candidates, documents: !idsOnly,
        instruction: instruction, vectorWeight: weight)
    }
  }
}

extension JSONWriter {
  /// `SearchResponse`.
  public mutating func searchReply(_ reply: SearchReply) {
    object { json in
      json.array("results", reply.results) { json, outcome in
        json.object { json in
          switch outcome {
          case .success(let found):
            json.status(nil)
            json.array("hits", found.hits) { $0.hit($1) }
            if let receipt = found.receipt { json.receipt(receipt) }
          case .failure(let error):
            json.status(error)
          }
        }
      }
      json.object("timings") { $0.field("total_ns", reply.total.nanoseconds) }
    }
  }

  private mutating func hit(_ hit: RankedHit) {
    object { json in
      json.field("id", hit.id)
      json.field("score", hit.score)
      if let rank = hit.vectorRank { json.field("vector_rank", rank) }
      if let rank = hit.textRank { json.field("text_rank", rank) }
      if let score = hit.vectorScore { json.field("vector_score", score) }
      if let score = hit.textScore { json.field("text_score", score) }
      if let score = hit.rerankScore { json.field("rerank_score", score) }
      if let document = hit.document {
        json.object("document") { $0.documentFields(document) }
      }
    }
  }
}
