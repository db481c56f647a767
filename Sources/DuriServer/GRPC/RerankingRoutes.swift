import GRPCTransport
import Service
import WireFormats

/// `duri.v1.Reranking`.
struct RerankingRoutes {
  static let service = "duri.v1.Reranking"

  /// nil where the server was started without a cross-encoder.
  let reranking: RerankingService?

  func add(to routes: inout Routes) {
    routes.add("/\(Self.service)/Rerank", .unary(rerank))
  }

  /// Number of the field `passages` in RerankRequest.
  private static let passagesField: UInt64 = 3

  private func rerank(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let (reply, model) = try await asStatus { () async throws(ServiceError) in
      guard let reranking else {
        throw ServiceError(
          .unimplemented, "this server has no cross-encoder; start it with --reranker")
      }
      try reranking.checkCount(fieldCount(Self.passagesField, in: body))
      let request = try readRerank(body)
      let reply = try await reranking.rerank(
        request.query, request.passages, settings: try RerankSettings(request),
        deadline: call.deadline)
      return (reply, reranking.contract.name)
    }
    return try encode(Duri_V1_RerankResponse(reply, model: model))
  }

  private func readRerank(_ body: [UInt8]) throws(ServiceError) -> Duri_V1_RerankRequest {
    do {
      return try decode(Duri_V1_RerankRequest.self, body)
    } catch {
      throw ServiceError(.invalidArgument, error.message)
    }
  }
}
