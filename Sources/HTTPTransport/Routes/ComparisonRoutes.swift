import HummingbirdCore
import Service
import WireFormats

/// Texts compared with each other, without a collection.
struct ComparisonRoutes: RouteGroup {
  let retrieval: RetrievalService

  func add(to table: inout RouteTable) {
    table.add(.post, "/v1/similarity", similarity)
    table.add(.post, "/v1/pairs", pairs)
  }

  private func similarity(_ call: HTTPCall) async throws -> Response {
    let body = try await call.json(SimilarityBody.self)
    let scores = try await retrieval.similarityMatrix(
      body.texts, role: body.role, deadline: call.deadline)
    return .json(capacity: 1_024 + 13 * scores.matrix.count) { $0.similarityMatrix(scores) }
  }

  private func pairs(_ call: HTTPCall) async throws -> Response {
    let body = try await call.json(PairsBody.self)
    let scores = try await retrieval.scorePairs(body.pairs, deadline: call.deadline)
    return .json { $0.pairScores(scores) }
  }
}
