import GRPCTransport
import WireFormats

/// `grpc.health.v1.Health` over a ``HealthState``.
struct HealthRoutes {
  static let service = "grpc.health.v1.Health"

  let health: HealthState

  func add(to routes: inout Routes) {
    routes.add("/\(Self.service)/Check", .unary(check))
    routes.add("/\(Self.service)/Watch", .streaming(watch))
  }

  private func check(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Grpc_Health_V1_HealthCheckRequest.self, body)
    guard health.knows(request.service) else {
      throw GRPCError(.notFound, "no service of that name is served here")
    }
    return try encode(response(health.isServing ? .serving : .notServing))
  }

  private func watch(_ call: ServerCall) async throws {
    guard let body = try await call.nextMessage() else {
      throw GRPCError(.invalidArgument, "the request carries no message; exactly one is expected")
    }
    let request = try decode(Grpc_Health_V1_HealthCheckRequest.self, body)
    guard health.knows(request.service) else {
      // The protocol wants this answer instead of an error, in case the service appears later.
      try await call.send(try encode(response(.serviceUnknown)))
      for await _ in health.changes() where !health.isServing { break }
      return
    }
    for await isServing in health.changes() {
      try await call.send(try encode(response(isServing ? .serving : .notServing)))
      // Draining: nothing will change any more, and an open watch would only delay the end.
      if !isServing { return }
    }
  }

  private func response(
    _ status: Grpc_Health_V1_HealthCheckResponse.ServingStatus
  ) -> Grpc_Health_V1_HealthCheckResponse {
    var response = Grpc_Health_V1_HealthCheckResponse()
    response.status = status
    return response
  }
}
