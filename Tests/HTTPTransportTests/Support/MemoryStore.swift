import Retrieval
import Synchronization

/// Collections in memory: enough of a store for what the transport does with one.
final class MemoryStore: CollectionStore {
  private typealias Held = (info: CollectionInfo, documents: [String: EmbeddedDocument])

  private let held = Mutex<[String: Held]>([:])

  private func with<R: Sendable>(
    _ name: String, _ use: (inout Held) -> R
  ) throws(RetrievalError) -> R {
    let result: R? = held.withLock { held in
      guard var collection = held[name] else { return nil }
      defer { held[name] = collection }
      let result = use(&collection)
      collection.info.count = collection.documents.count
      return result
    }
    guard let result else { throw RetrievalError(.notFound, "there is no collection '\(name)'") }
    return result
  }

  func createCollection(
    _ name: String, contract: CollectionContract
  ) async throws(RetrievalError) -> CollectionInfo {
    let info = CollectionInfo(name: name, contract: contract, count: 0)
    let isNew = held.withLock { held in
      guard held[name] == nil else { return false }
      held[name] = (info, [:])
      return true
    }
    guard isNew else { throw RetrievalError(.alreadyExists, "collection '\(name)' exists") }
    return info
  }

  func dropCollection(_ name: String) async throws(RetrievalError) {
    _ = try with(name) { _ in true }
    held.withLock { _ = $0.removeValue(forKey: name) }
  }

  func collections() async throws(RetrievalError) -> [CollectionInfo] {
    held.withLock { $0.values.map(\.info).sorted { $0.name < $1.name } }
  }

  func collection(_ name: String) async throws(RetrievalError) -> CollectionInfo {
    try with(name) { $0.info }
  }

  func upsert(
    _ documents: [EmbeddedDocument], into name: String, origin: VectorOrigin
  ) async throws(RetrievalError) -> UpsertOutcome {
    try with(name) { collection in
      var outcome = UpsertOutcome(inserted: 0, replaced: 0)
      for document in documents {
        let old = collection.documents.updateValue(document, forKey: document.document.id)
        if old == nil { outcome.inserted += 1 } else { outcome.replaced += 1 }
      }
      return outcome
    }
  }

  func delete(ids: [String], from name: String) async throws(RetrievalError) -> Int {
    try with(name) { collection in
      ids.count { collection.documents.removeValue(forKey: $0) != nil }
    }
  }

  func get(
    ids: [String], from name: String, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument?] {
    try with(name) { collection in
      ids.map { id in collection.documents[id].map { Self.given($0, vectors) } }
    }
  }

  func list(
    _ name: String, filter: Filter?, limit: Int, after: String?, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument] {
    try with(name) { collection in
      collection.documents.values.sorted { $0.document.id < $1.document.id }
        .filter { after == nil || $0.document.id > after ?? "" }
        .prefix(limit).map { Self.given($0, vectors) }
    }
  }

  private static func given(_ document: EmbeddedDocument, _ vectors: Bool) -> EmbeddedDocument {
    EmbeddedDocument(document: document.document, vector: vectors ? document.vector : [])
  }

  func search(_ name: String, _ request: VectorSearch) async throws(RetrievalError) -> [[Hit]] {
    try with(name) { collection in
      request.queries.map { query in
        collection.documents.values.map { held in
          Hit(
            id: held.document.id, score: zip(query, held.vector).reduce(0) { $0 + $1.0 * $1.1 },
            document: request.documents ? held.document : nil)
        }
        .sorted { ($1.score, $0.id) < ($0.score, $1.id) }
        .prefix(request.limit).map { $0 }
      }
    }
  }

  func searchText(
    _ name: String, query: String, limit: Int, filter: Filter?
  ) async throws(RetrievalError) -> [Hit] {
    throw RetrievalError(.unsupported, "the store in memory knows no words")
  }

  func vectors(
    _ name: String, filter: Filter?, limit: Int
  ) async throws(RetrievalError) -> VectorTable {
    try with(name) { collection in
      let documents = collection.documents.values.sorted { $0.document.id < $1.document.id }
      return VectorTable(
        ids: documents.map(\.document.id), values: documents.flatMap(\.vector),
        dimension: collection.info.contract.dimension)
    }
  }

  func close() async {}
}
