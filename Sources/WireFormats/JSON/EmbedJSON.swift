import ModelFiles
import Service
import Tokenization

/// Body of `POST /v1/embed`: `EmbedRequest` with its options beside the texts.
public struct EmbedBody: Decodable, Sendable {
  public let texts: [String]
  public let settings: EmbedSettings

  private enum Field: String, CodingKey, CaseIterable {
    case texts, model, role, instruction, normalize, truncate, dimensions, encoding
  }

  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Field>(decoder)
    texts = try fields.require(.texts)
    settings = EmbedSettings(
      model: try fields.optional(.model), role: try fields.word(.role) ?? .symmetric,
      instruction: try fields.optional(.instruction),
      options: EmbedOptions(
        normalize: try fields.optional(.normalize),
        truncation: try fields.word(.truncate) ?? .end,
        dimensions: try fields.optional(.dimensions),
        encoding: try fields.word(.encoding) ?? .float32))
  }
}

extension JSONWriter {
  /// `EmbedResponse`.
  public mutating func embedReply(_ reply: EmbedReply, model: String) {
    object { json in
      json.array("items", reply.outcomes.enumerated()) { json, outcome in
        json.embedItem(outcome.element, index: outcome.offset)
      }
      json.timings(reply.stages, total: reply.total)
      json.field("model", model)
    }
  }

  private mutating func embedItem(_ outcome: EmbeddingService.Outcome, index: Int) {
    object { json in
      json.field("index", index)
      switch outcome {
      case .success(let embedded):
        json.status(nil)
        json.embedding(embedded.vector)
        json.receipt(embedded.receipt)
      case .failure(let error):
        json.status(error)
      }
    }
  }

  private mutating func embedding(_ vector: EncodedVector) {
    object("embedding") { json in
      json.field("dimension", vector.dimension)
      switch vector.storage {
      case .float32(let components):
        json.field("encoding", VectorEncoding.float32.rawValue)
        json.key("values")
        json.floats(components)
      case .float16(let bytes):
        json.field("encoding", VectorEncoding.float16.rawValue)
        json.key("data")
        json.base64(bytes)
      case .int8(let bytes, let scale):
        json.field("encoding", VectorEncoding.int8.rawValue)
        json.key("data")
        json.base64(bytes)
        json.field("scale", scale)
      case .binary(let bytes):
        json.field("encoding", VectorEncoding.binary.rawValue)
        json.key("data")
        json.base64(bytes)
      }
    }
  }

  /// Bytes that the reply takes, roughly: room made once is room not copied.
  public static func capacity(of reply: EmbedReply) -> Int {
    let perItem = 400
    let components = reply.outcomes.reduce(0) { sum, outcome in
      if case .success(let embedded) = outcome { sum + embedded.vector.dimension } else { sum }
    }
    return 256 + perItem * reply.outcomes.count + 13 * components
  }
}
