import GRPCTransport
import Retrieval
import Service
import WireFormats

/// Documents out: by id, page by page, and all of them.
extension RetrievalRoutes {
  func getDocuments(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_GetDocumentsRequest.self, body)
    var response = Duri_V1_GetDocumentsResponse()
    response.documents = try await asStatus { () async throws(ServiceError) in
      let contract = try await retrieval.collection(request.collection).contract
      return try await retrieval.get(
        ids: request.ids, from: request.collection, vectors: request.vectors
      ).map { Duri_V1_StoredDocument($0, contract: contract) }
    }
    return try encode(response)
  }

  func listDocuments(_ call: ServerCall, _ body: [UInt8]) async throws -> [UInt8] {
    let request = try decode(Duri_V1_ListDocumentsRequest.self, body)
    let response = try await asStatus { () async throws(ServiceError) in
      let contract = try await retrieval.collection(request.collection).contract
      let page = try await retrieval.list(
        request.collection, filter: request.filter, size: Int(request.pageSize),
        token: request.pageToken, vectors: request.vectors)
      var response = Duri_V1_ListDocumentsResponse()
      response.documents = page.documents.map { Duri_V1_StoredDocument($0, contract: contract) }
      response.nextPageToken = page.nextToken
      return response
    }
    return try encode(response)
  }

  /// Bytes of an export's message, unless a single document has more: a fourth of what gRPC clients accept by default.
  private static let exportBytes = 1 << 20

  func export(_ call: ServerCall) async throws {
    guard let body = try await call.nextMessage() else { return }
    let request = try decode(Duri_V1_ExportRequest.self, body)
    let contract = try await asStatus { () async throws(ServiceError) in
      try await retrieval.collection(request.collection).contract
    }
    var token = ""
    // Few documents at first, as they may be large.
    var size = 8
    repeat {
      let page = try await asStatus { () async throws(ServiceError) in
        try await retrieval.list(
          request.collection, filter: request.filter, size: size, token: token,
          vectors: request.vectors)
      }
      // A page's bytes are known only once it is read, so it is cut into messages here.
      var message: [UInt8] = []
      var bytes = 0
      for document in page.documents {
        var response = Duri_V1_ExportResponse()
        response.documents = [Duri_V1_StoredDocument(document, contract: contract)]
        // Messages of one document each, one behind the other, are a message of them all: so protobuf merges lists.
        let part = try encode(response)
        if !message.isEmpty, message.count + part.count > Self.exportBytes {
          try await call.send(message)
          message = []
        }
        message += part
        bytes += part.count
      }
      if !message.isEmpty { try await call.send(message) }
      token = page.nextToken
      let wanted = size * Self.exportBytes / max(1, bytes)
      size = min(max(1, wanted), 4 * size, retrieval.limits.maximumPage)
    } while !token.isEmpty
  }
}
