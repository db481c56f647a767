import HummingbirdCore
import Service
import WireFormats

/// Passages scored against a query.
struct RerankingRoutes: RouteGroup {
  let reranking: RerankingService?

  func add(to table: inout RouteTable) {
    table.add(.post, "/v1/rerank", rerank)
  }

  private func rerank(_ call: HTTPCall) async throws -> Response {
    let body = try await call.json(RerankBody.self)
    guard let reranking else {
      throw ServiceError(
        .unimplemented, "this server has no cross-encoder; start it with --reranker")
    }
    let reply = try await reranking.rerank(
      body.query, body.passages, settings: body.settings, deadline: call.deadline)
    return .json { $0.rerankReply(reply, model: reranking.contract.name) }
  }
}
