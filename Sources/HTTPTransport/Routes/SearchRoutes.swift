import HummingbirdCore
import Service
import WireFormats

/// What is asked of a collection: search, and what concerns all its vectors together.
struct SearchRoutes: RouteGroup {
  let retrieval: RetrievalService

  func add(to table: inout RouteTable) {
    table.add(.post, CollectionRoutes.path + "/search", search)
    table.add(.post, CollectionRoutes.path + "/mine", mine)
    table.add(.post, CollectionRoutes.path + "/communities", communities)
    table.add(.post, CollectionRoutes.path + "/cluster", cluster)
    table.add(.post, CollectionRoutes.path + "/project", project)
  }

  private func search(_ call: HTTPCall) async throws -> Response {
    let body = try await call.json(SearchBody.self)
    let reply = try await retrieval.search(
      body.request(in: try call.parameter("name")), deadline: call.deadline)
    return .json(capacity: 16_384) { $0.searchReply(reply) }
  }

  private func mine(_ call: HTTPCall) async throws -> Response {
    let body = try await call.json(MineBody.self)
    let pairs = try await retrieval.mineParaphrases(
      in: try call.parameter("name"), filter: body.filter, limit: body.limit,
      neighbours: body.neighbours, minimumScore: body.minimumScore)
    return .json(capacity: 64 * pairs.count + 64) { $0.minedPairs(pairs) }
  }

  private func communities(_ call: HTTPCall) async throws -> Response {
    let body = try await call.json(CommunitiesBody.self)
    let communities = try await retrieval.detectCommunities(
      in: try call.parameter("name"), filter: body.filter, threshold: body.threshold,
      minimumSize: body.minimumSize)
    return .json { $0.communities(communities) }
  }

  private func cluster(_ call: HTTPCall) async throws -> Response {
    let body = try await call.json(ClusterBody.self)
    let clustering = try await retrieval.cluster(
      try call.parameter("name"), filter: body.filter, clusters: body.clusters, seed: body.seed)
    return .json { $0.clustering(clustering) }
  }

  private func project(_ call: HTTPCall) async throws -> Response {
    let body = try await call.json(ProjectBody.self)
    let map = try await retrieval.project(
      try call.parameter("name"), filter: body.filter, texts: body.texts, deadline: call.deadline)
    return .json(capacity: 64 * map.ids.count + 64) { $0.map(map) }
  }
}
