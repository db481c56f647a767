import HTTPTypes
import HummingbirdCore
import Service
import WireFormats

/// Documents of a collection: in, out, away.
struct DocumentRoutes: RouteGroup {
  private static let path = CollectionRoutes.path + "/documents"

  let retrieval: RetrievalService
  /// Bytes of one line of a streamed body.
  let maximumLineBytes: Int

  func add(to table: inout RouteTable) {
    table.add(.post, Self.path, upsert)
    table.add(.get, Self.path, list)
    table.add(.get, Self.path + "/{id}", get)
    table.add(.delete, Self.path + "/{id}", deleteOne)
    table.add(.post, Self.path + "/delete", delete)
    table.add(.get, CollectionRoutes.path + "/export", export)
  }

  // MARK: - In

  private func upsert(_ call: HTTPCall) async throws -> Response {
    let collection = try call.parameter("name")
    switch call.request.mediaType {
    case MediaTypes.json:
      let documents = try await call.json(UpsertBody.self).documents
      let report = try await retrieval.upsert(documents, into: collection, deadline: call.deadline)
      return .json {
        $0.upsertReport(
          report, failures: report.failures.map(DocumentFailure.init), settled: documents.count)
      }
    case MediaTypes.lines, "application/jsonl", "application/ndjson":
      call.connection.isBodyStreamed = true
      let contract = try await retrieval.collection(collection).contract
      let upsert = DocumentUpsert(
        call: call, retrieval: retrieval, collection: collection, contract: contract,
        maximumLineBytes: maximumLineBytes)
      return .lines { try await upsert.run(writer: &$0) }
    default:
      throw HTTPFault.mediaType(expected: "\(MediaTypes.json) or \(MediaTypes.lines)")
    }
  }

  // MARK: - Out

  private func list(_ call: HTTPCall) async throws -> Response {
    let query = try call.query("page_size", "page_token", "filter", "vectors")
    let collection = try call.parameter("name")
    let contract = try await retrieval.collection(collection).contract
    let page = try await retrieval.list(
      collection, filter: query.text("filter"), size: try query.number("page_size"),
      token: query.text("page_token"), vectors: try query.flag("vectors"))
    return .json(capacity: 65_536) { $0.page(page, contract: contract) }
  }

  private func get(_ call: HTTPCall) async throws -> Response {
    let query = try call.query("vectors")
    let collection = try call.parameter("name"), id = try call.parameter("id")
    let contract = try await retrieval.collection(collection).contract
    let found = try await retrieval.get(
      ids: [id], from: collection, vectors: try query.flag("vectors"))
    guard let document = found.first else { throw Self.noSuchDocument }
    return .json { $0.storedDocument(document, contract: contract) }
  }

  private func export(_ call: HTTPCall) async throws -> Response {
    let query = try call.query("filter", "vectors")
    let collection = try call.parameter("name")
    let contract = try await retrieval.collection(collection).contract
    var export = DocumentExport(
      retrieval: retrieval, collection: collection, contract: contract,
      filter: query.text("filter"), vectors: try query.flag("vectors"))
    // The first page before the status line, so that a bad filter still has a status of its own.
    try await export.readPage()
    return .lines { [export] in try await export.write(to: &$0) }
  }

  // MARK: - Away

  private func delete(_ call: HTTPCall) async throws -> Response {
    let body = try await call.json(DeleteBody.self)
    let count = try await retrieval.delete(ids: body.ids, from: try call.parameter("name"))
    return .json { $0.object { $0.field("deleted", count) } }
  }

  private func deleteOne(_ call: HTTPCall) async throws -> Response {
    _ = try call.query()
    let count = try await retrieval.delete(
      ids: [try call.parameter("id")], from: try call.parameter("name"))
    guard count > 0 else { throw Self.noSuchDocument }
    return Response(status: .noContent)
  }

  private static let noSuchDocument = ServiceError(
    .notFound, "the collection has no document of that id")
}
