import Retrieval
import Service

/// Body of `POST …/mine`: `MineParaphrasesRequest`.
public struct MineBody: Decodable, Sendable {
  public let filter: String
  public let limit: Int
  public let neighbours: Int
  public let minimumScore: Float?

  private enum Field: String, CodingKey, CaseIterable {
    case filter, limit, neighbours
    case minimumScore = "minimum_score"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Field>(decoder)
    filter = try fields.optional(.filter) ?? ""
    limit = try fields.optional(.limit) ?? 0
    neighbours = try fields.optional(.neighbours) ?? 0
    minimumScore = try fields.optional(.minimumScore)
  }
}

/// Body of `POST …/communities`: `DetectCommunitiesRequest`.
public struct CommunitiesBody: Decodable, Sendable {
  public let filter: String
  public let threshold: Float?
  public let minimumSize: Int

  private enum Field: String, CodingKey, CaseIterable {
    case filter, threshold
    case minimumSize = "minimum_size"
  }

  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Field>(decoder)
    filter = try fields.optional(.filter) ?? ""
    threshold = try fields.optional(.threshold)
    minimumSize = try fields.optional(.minimumSize) ?? 0
  }
}

/// Body of `POST …/cluster`: `ClusterRequest`.
public struct ClusterBody: Decodable, Sendable {
  public let filter: String
  public let clusters: Int
  public let seed: UInt64

  private enum Field: String, CodingKey, CaseIterable { case filter, clusters, seed }

  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Field>(decoder)
    filter = try fields.optional(.filter) ?? ""
    clusters = try fields.require(.clusters)
    seed = try fields.optional(.seed) ?? 0
  }
}

/// Body of `POST …/project`: `ProjectRequest`.
public struct ProjectBody: Decodable, Sendable {
  public let filter: String
  public let texts: [String]

  private enum Field: String, CodingKey, CaseIterable { case filter, texts }

  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Field>(decoder)
    filter = try fields.optional(.filter) ?? ""
    texts = try fields.optional(.texts) ?? []
  }
}

extension JSONWriter {
  /// `MineParaphrasesResponse`.
  public mutating func minedPairs(_ pairs: [ScoredPair]) {
    object { json in
      json.array("pairs", pairs) { json, pair in
        json.object { json in
          json.field("first", pair.first)
          json.field("second", pair.second)
          json.field("score", pair.score)
        }
      }
    }
  }

  /// `DetectCommunitiesResponse`.
  public mutating func communities(_ communities: [[String]]) {
    object { $0.groups("communities", communities) }
  }

  /// `ClusterResponse`.
  public mutating func clustering(_ clustering: Clustering) {
    object { json in
      json.groups("clusters", clustering.groups)
      json.key("inertia")
      json.double(clustering.inertia)
    }
  }

  private mutating func groups(_ name: String, _ groups: [[String]]) {
    array(name, groups) { json, ids in
      json.object { $0.field("ids", ids) }
    }
  }

  /// `ProjectResponse`.
  public mutating func map(_ map: CollectionMap) {
    object { json in
      json.array("documents", zip(map.ids, map.documents)) { json, document in
        json.object { json in
          json.field("id", document.0)
          json.field("x", document.1.x)
          json.field("y", document.1.y)
        }
      }
      json.array("texts", map.texts) { json, point in
        json.object { json in
          json.field("x", point.x)
          json.field("y", point.y)
        }
      }
    }
  }
}
