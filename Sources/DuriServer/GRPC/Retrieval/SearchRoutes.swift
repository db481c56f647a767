import GRPCTransport
import Retrieval
import Service
import WireFormats

/// Search, mining and comparison.
extension RetrievalRoutes {
  func search(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_SearchRequest.self, body)
    let reply = try await asStatus { () async throws(ServiceError) in
      try await retrieval.search(try SearchRequest(request), deadline: call.deadline)
    }
    return try encode(Duri_V1_SearchResponse(reply))
  }

  func mineParaphrases(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_MineParaphrasesRequest.self, body)
    let pairs = try await asStatus { () async throws(ServiceError) in
      try await retrieval.mineParaphrases(
        in: request.collection, filter: request.filter, limit: Int(request.limit),
        neighbours: Int(request.neighbours),
        minimumScore: request.hasMinimumScore ? request.minimumScore : nil)
    }
    return try encode(Duri_V1_MineParaphrasesResponse(pairs))
  }

  func detectCommunities(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_DetectCommunitiesRequest.self, body)
    let communities = try await asStatus { () async throws(ServiceError) in
      try await retrieval.detectCommunities(
        in: request.collection, filter: request.filter,
        threshold: request.hasThreshold ? request.threshold : nil,
        minimumSize: Int(request.minimumSize))
    }
    return try encode(Duri_V1_DetectCommunitiesResponse(communities))
  }

  func cluster(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_ClusterRequest.self, body)
    let clustering = try await asStatus { () async throws(ServiceError) in
      try await retrieval.cluster(
        request.collection, filter: request.filter, clusters: Int(request.clusters),
        seed: request.seed)
    }
    return try encode(Duri_V1_ClusterResponse(clustering))
  }

  func similarityMatrix(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_SimilarityMatrixRequest.self, body)
    let scores = try await asStatus { () async throws(ServiceError) in
      try await retrieval.similarityMatrix(
        request.texts, role: try .init(request.role), deadline: call.deadline)
    }
    return try encode(Duri_V1_SimilarityMatrixResponse(scores))
  }

  func scorePairs(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_ScorePairsRequest.self, body)
    let scores = try await asStatus { () async throws(ServiceError) in
      try await retrieval.scorePairs(
        request.pairs.map { ($0.first, $0.second) }, deadline: call.deadline)
    }
    return try encode(Duri_V1_ScorePairsResponse(scores))
  }

  func project(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_ProjectRequest.self, body)
    let map = try await asStatus { () async throws(ServiceError) in
      try await retrieval.project(
        request.collection, filter: request.filter, texts: request.texts, deadline: call.deadline)
    }
    return try encode(Duri_V1_ProjectResponse(map))
  }
}
