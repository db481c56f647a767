import GRPCTransport
import Retrieval
import Service
import WireFormats

/// `duri.v1.Retrieval`: collections and documents. Search and mining stand in files of their own.
struct RetrievalRoutes {
  static let service = "duri.v1.Retrieval"

  let retrieval: RetrievalService

  func add(to routes: inout Routes) {
    func add(_ method: String, _ handler: RPCHandler) {
      routes.add("/\(Self.service)/\(method)", handler)
    }
    add("CreateCollection", .unary(createCollection))
    add("DropCollection", .unary(dropCollection))
    add("GetCollection", .unary(getCollection))
    add("ListCollections", .unary(listCollections))
    add("Upsert", .unary(upsert))
    add("UpsertStream", .streaming(upsertStream))
    add("DeleteDocuments", .unary(deleteDocuments))
    add("GetDocuments", .unary(getDocuments))
    add("ListDocuments", .unary(listDocuments))
    add("Export", .streaming(export))
    add("Search", .unary(search))
    add("MineParaphrases", .unary(mineParaphrases))
    add("DetectCommunities", .unary(detectCommunities))
    add("Cluster", .unary(cluster))
    add("SimilarityMatrix", .unary(similarityMatrix))
    add("ScorePairs", .unary(scorePairs))
    add("Project", .unary(project))
  }

  // MARK: - Collections

  private func createCollection(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_CreateCollectionRequest.self, body)
    let info = try await asStatus { () async throws(ServiceError) in
      try await retrieval.createCollection(
        request.name, demand: ContractDemand(request.contract))
    }
    return try encode(Duri_V1_Collection(info))
  }

  private func dropCollection(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_DropCollectionRequest.self, body)
    try await asStatus { () async throws(ServiceError) in
      try await retrieval.dropCollection(request.name)
    }
    return try encode(Duri_V1_DropCollectionResponse())
  }

  private func getCollection(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_GetCollectionRequest.self, body)
    let info = try await asStatus { () async throws(ServiceError) in
      try await retrieval.collection(request.name)
    }
    return try encode(Duri_V1_Collection(info))
  }

  private func listCollections(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    _ = try decode(Duri_V1_ListCollectionsRequest.self, body)
    var response = Duri_V1_ListCollectionsResponse()
    response.collections = try await asStatus { () async throws(ServiceError) in
      try await retrieval.collections()
    }.map(Duri_V1_Collection.init)
    return try encode(response)
  }

  // MARK: - Documents in

  private func upsert(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try Self.decodeUpsert(body, limits: retrieval.limits)
    let report = try await asStatus { () async throws(ServiceError) in
      var documents: [IncomingDocument] = []
      for document in request.documents { documents.append(try IncomingDocument(document)) }
      return try await retrieval.upsert(
        documents, into: request.collection, deadline: call.deadline)
    }
    return try encode(Duri_V1_UpsertResponse(report, settled: request.documents.count))
  }

  private func upsertStream(_ call: ServerCall) async throws {
    guard let body = try await call.nextMessage() else { return }
    let first = try Self.decodeUpsert(body, limits: retrieval.limits)
    let info = try await asStatus { () async throws(ServiceError) in
      try await retrieval.collection(first.collection)
    }
    let stream = UpsertStream(
      call: call, retrieval: retrieval, collection: first.collection, contract: info.contract)
    try await stream.run(startingWith: first)
  }

  /// Number of the field `documents` in UpsertRequest.
  private static let documentsField: UInt64 = 2

  /// Reads an upsert; documents are counted before they are decoded.
  static func decodeUpsert(
    _ body: [UInt8], limits: RetrievalLimits
  ) throws(GRPCError) -> Duri_V1_UpsertRequest {
    let count = fieldCount(documentsField, in: body)
    guard count <= limits.maximumDocuments else {
      throw GRPCError(
        .invalidArgument,
        "\(count) documents in one message; the limit is \(limits.maximumDocuments), send several messages")
    }
    return try decode(Duri_V1_UpsertRequest.self, body)
  }

  private func deleteDocuments(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_DeleteDocumentsRequest.self, body)
    var response = Duri_V1_DeleteDocumentsResponse()
    response.deleted = UInt64(
      clamping: try await asStatus { () async throws(ServiceError) in
        try await retrieval.delete(ids: request.ids, from: request.collection)
      })
    return try encode(response)
  }
}
