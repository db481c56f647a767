import HummingbirdCore
import Service
import WireFormats

/// Texts to vectors, and what serves them.
struct EmbeddingRoutes: RouteGroup {
  let embeddings: EmbeddingService
  /// nil where the server was started without a cross-encoder.
  let reranking: RerankingService?
  /// The server's, as `GET /v1/model` tells it.
  let version: String

  func add(to table: inout RouteTable) {
    table.add(.post, "/v1/embed", embed)
    table.add(.get, "/v1/model", model)
  }

  private func embed(_ call: HTTPCall) async throws -> Response {
    let body = try await call.json(EmbedBody.self)
    let reply = try await embeddings.embed(
      body.texts, settings: body.settings, deadline: call.deadline)
    return .json(capacity: JSONWriter.capacity(of: reply)) {
      $0.embedReply(reply, model: embeddings.contract.name)
    }
  }

  private func model(_ call: HTTPCall) async throws -> Response {
    _ = try call.query()
    return .json { $0.modelReply(embeddings, reranking: reranking, version: version) }
  }
}
