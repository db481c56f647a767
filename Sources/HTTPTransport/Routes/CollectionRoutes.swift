import HTTPTypes
import HummingbirdCore
import Service
import WireFormats

/// Collections as such.
struct CollectionRoutes: RouteGroup {
  static let path = "/v1/collections/{name}"

  let retrieval: RetrievalService

  func add(to table: inout RouteTable) {
    table.add(.get, "/v1/collections", list)
    table.add(.post, "/v1/collections", create)
    table.add(.get, Self.path, get)
    table.add(.delete, Self.path, drop)
  }

  private func list(_ call: HTTPCall) async throws -> Response {
    _ = try call.query()
    let all = try await retrieval.collections()
    return .json { $0.collections(all) }
  }

  private func create(_ call: HTTPCall) async throws -> Response {
    let body = try await call.json(CollectionBody.self)
    let info = try await retrieval.createCollection(body.name, demand: body.demand)
    // A collection's name needs no percent-encoding.
    return .json(.created, headers: [.location: "/v1/collections/\(info.name)"]) {
      $0.collection(info)
    }
  }

  private func get(_ call: HTTPCall) async throws -> Response {
    _ = try call.query()
    let info = try await retrieval.collection(try call.parameter("name"))
    return .json { $0.collection(info) }
  }

  private func drop(_ call: HTTPCall) async throws -> Response {
    _ = try call.query()
    try await retrieval.dropCollection(try call.parameter("name"))
    return Response(status: .noContent)
  }
}
