import Foundation
import Retrieval

extension MilvusStore {
  public func refusal(of document: Document) -> String? { RowColumns.refusal(of: document) }

  @discardableResult
  public func upsert(
    _ documents: [EmbeddedDocument], into name: String, origin: VectorOrigin
  ) async throws(RetrievalError) -> UpsertOutcome {
    let contract = try await find(name).contract
    let parts = try RowColumns.make(documents, origin: origin, contract: contract)
    var outcome = UpsertOutcome(inserted: 0, replaced: 0)
    guard !parts.isEmpty else { return outcome }
    return try await writing(name) { () throws(RetrievalError) in
      let collection = try await find(name)
      guard collection.contract == contract else {
        throw RetrievalError(.notFound, "the collection '\(name)' was dropped: make it first")
      }
      for part in parts {
        let replaced = try await existing(collection, ids: part.ids).count
        var request = Milvus_Proto_Milvus_UpsertRequest()
        request.dbName = address.database
        request.collectionName = collection.milvusName
        request.fieldsData = part.fields
        request.numRows = UInt32(clamping: part.ids.count)
        let _: Milvus_Proto_Milvus_MutationResult = try await call("Upsert", request, on: collection)
        outcome.replaced += replaced
        outcome.inserted += part.ids.count - replaced
      }
      return outcome
    }
  }

  public func delete(ids: [String], from name: String) async throws(RetrievalError) -> Int {
    try await writing(name) { () throws(RetrievalError) in
      let collection = try await find(name)
      let found = try await existing(collection, ids: Self.unique(ids))
      for part in Self.parts(found, of: 1_024) {
        var request = Milvus_Proto_Milvus_DeleteRequest()
        request.dbName = address.database
        request.collectionName = collection.milvusName
        request.expr = Expression.isOneOf(part)
        request.consistencyLevel = .strong
        let _: Milvus_Proto_Milvus_MutationResult = try await call("Delete", request, on: collection)
      }
      return found.count
    }
  }

  /// Each id once: those that no document can have are left out.
  private static func unique(_ ids: [String]) -> [String] {
    var seen: Set<[UInt8]> = []
    return ids.filter {
      (1...CollectionLimits.idBytes).contains($0.utf8.count) && seen.insert(Array($0.utf8)).inserted
    }
  }

  public func get(
    ids: [String], from name: String, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument?] {
    let collection = try await find(name)
    let found = try await documents(collection, ids: Self.unique(ids), vectors: vectors)
    return ids.map { found[Array($0.utf8)] }
  }

  public func list(
    _ name: String, filter: Filter?, limit: Int, after: String?, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument] {
    try checkCount(limit, in: 1...CollectionLimits.pageDocuments, of: "the page's limit")
    try filter?.check()
    let collection = try await find(name)
    var documents: [EmbeddedDocument] = []
    try await scan(
      collection, filter, after: after, fields: Field.document + (vectors ? [Field.vector] : []),
      size: min(limit, Self.partSize(bytesPerRow: Self.documentBytes(collection, vectors: vectors)))
    ) { (rows, row) throws(RetrievalError) in
      documents.append(
        EmbeddedDocument(
          document: try rows.document(row), vector: vectors ? Array(try rows.vector(row)) : []))
      return documents.count < limit
    }
    return documents
  }

  public func vectors(
    _ name: String, filter: Filter?, limit: Int
  ) async throws(RetrievalError) -> VectorTable {
    try filter?.check()
    let collection = try await find(name)
    let dimension = collection.contract.dimension
    var table = VectorTable(ids: [], values: [], dimension: dimension)
    let bytes = dimension * 4 + CollectionLimits.idBytes + (filter == nil ? 0 : 1_024)
    try await scan(
      collection, filter, after: nil, fields: [Field.id, Field.vector],
      size: Self.partSize(bytesPerRow: bytes)
    ) { (rows, row) throws(RetrievalError) in
      guard table.ids.count < limit else {
        throw RetrievalError(
          .invalidArgument, "more than \(limit) documents pass: give a narrower filter or a higher limit")
      }
      table.ids.append(try rows.id(row))
      table.values.append(contentsOf: try rows.vector(row))
      return true
    }
    return table
  }
}
