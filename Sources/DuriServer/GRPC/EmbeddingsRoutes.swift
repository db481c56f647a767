import GRPCTransport
import Service
import WireFormats

/// `duri.v1.Embeddings`.
struct EmbeddingsRoutes {
  static let service = "duri.v1.Embeddings"

  let embeddings: EmbeddingService
  /// Version told by `GetModel`.
  let version: String

  func add(to routes: inout Routes) {
    routes.add("/\(Self.service)/Embed", .unary(embed))
    routes.add("/\(Self.service)/EmbedStream", .streaming(embedStream))
    routes.add("/\(Self.service)/GetModel", .unary(getModel))
  }

  private func embed(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    try await asStatus { () async throws(ServiceError) in
      try embeddings.checkCount(fieldCount(Self.textsField, in: body))
    }
    let request = try decode(Duri_V1_EmbedRequest.self, body)
    let reply = try await asStatus { () async throws(ServiceError) in
      try await embeddings.embed(
        request.texts, settings: try EmbedSettings(request), deadline: call.deadline)
    }
    return try encode(Duri_V1_EmbedResponse(reply, model: embeddings.contract.name))
  }

  private func getModel(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_GetModelRequest.self, body)
    try await asStatus { () async throws(ServiceError) in
      try embeddings.checkModel(request.model)
    }
    return try encode(
      Duri_V1_GetModelResponse(
        embeddings.embedder, limits: embeddings.limits, version: version))
  }

  /// Number of the field `texts` in both requests that have it.
  private static let textsField: UInt64 = 2

  /// Reads one message of a stream.
  static func decodeStreamRequest(
    _ body: [UInt8], limits: ServiceLimits
  ) throws(GRPCError) -> Duri_V1_EmbedStreamRequest {
    let count = fieldCount(textsField, in: body)
    guard count <= limits.maximumStreamTexts else {
      throw GRPCError(
        .invalidArgument,
        "\(count) texts in one message; the limit is \(limits.maximumStreamTexts), send several messages")
    }
    return try decode(Duri_V1_EmbedStreamRequest.self, body)
  }

  private func embedStream(_ call: ServerCall) async throws {
    guard let first = try await call.nextMessage() else { return }
    let opening = try Self.decodeStreamRequest(first, limits: embeddings.limits)
    let plan = try await asStatus { () async throws(ServiceError) in
      try embeddings.plan(try EmbedSettings(opening.settings))
    }
    let stream = EmbedStream(
      call: call, embeddings: embeddings, plan: plan, ordered: opening.settings.ordered)
    try await stream.run(startingWith: opening)
  }
}
