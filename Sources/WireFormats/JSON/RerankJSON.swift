import Service
import Tokenization

/// Body of `POST /v1/rerank`: `RerankRequest`.
public struct RerankBody: Decodable, Sendable {
  public let query: String
  public let passages: [String]
  public let settings: RerankSettings

  private enum Field: String, CodingKey, CaseIterable {
    case query, passages, model, truncate, top
    case rawScores = "raw_scores"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Field>(decoder)
    query = try fields.require(.query)
    passages = try fields.require(.passages)
    let top: Int? = try fields.optional(.top)
    settings = RerankSettings(
      model: try fields.optional(.model), rawScores: try fields.optional(.rawScores) ?? false,
      truncation: try fields.word(.truncate) ?? .end, top: top == 0 ? nil : top)
  }
}

extension JSONWriter {
  /// `RerankResponse`.
  public mutating func rerankReply(_ reply: RerankReply, model: String) {
    object { json in
      json.array("items", reply.items) { json, item in
        json.object { json in
          json.field("index", item.index)
          switch item.outcome {
          case .success(let passage):
            json.status(nil)
            json.field("score", passage.score)
            json.receipt(passage.receipt)
          case .failure(let error):
            json.status(error)
          }
        }
      }
      json.timings(reply.stages, total: reply.total)
      json.field("model", model)
    }
  }
}
