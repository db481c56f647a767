import ModelFiles
import Service

/// Body of `POST /v1/similarity`: `SimilarityMatrixRequest`.
public struct SimilarityBody: Decodable, Sendable {
  public let texts: [String]
  public let role: Role

  private enum Field: String, CodingKey, CaseIterable { case texts, role }

  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Field>(decoder)
    texts = try fields.require(.texts)
    role = try fields.word(.role) ?? .symmetric
  }
}

/// Body of `POST /v1/pairs`: `ScorePairsRequest`.
public struct PairsBody: Decodable, Sendable {
  public let pairs: [(first: String, second: String)]

  private enum Field: String, CodingKey, CaseIterable { case pairs }

  private struct Pair: Decodable {
    let first, second: String

    private enum Field: String, CodingKey, CaseIterable { case first, second }

    init(from decoder: any Decoder) throws {
      let fields = try StrictFields<Field>(decoder)
      first = try fields.require(.first)
      second = try fields.require(.second)
    }
  }

  public init(from decoder: any Decoder) throws {
    let pairs: [Pair] = try StrictFields<Field>(decoder).require(.pairs)
    self.pairs = pairs.map { ($0.first, $0.second) }
  }
}

extension JSONWriter {
  /// `SimilarityMatrixResponse`, its scores a list of rows; `null` where a text failed.
  public mutating func similarityMatrix(_ scores: RetrievalService.SimilarityScores) {
    let count = scores.failures.count
    object { json in
      json.array("scores", 0..<count) { json, row in
        json.floats(scores.matrix.dropFirst(row * count).prefix(count))
      }
      json.array("statuses", scores.failures) { json, failure in
        json.object { json in
          json.field("code", failure?.code.name ?? "OK")
          if let failure { json.field("message", failure.message) }
        }
      }
    }
  }

  /// `ScorePairsResponse`.
  public mutating func pairScores(_ outcomes: [Result<Float, ServiceError>]) {
    object { json in
      json.array("scores", outcomes) { json, outcome in
        json.object { json in
          switch outcome {
          case .success(let score):
            json.status(nil)
            json.field("score", score)
          case .failure(let error):
            json.status(error)
          }
        }
      }
    }
  }
}
