import Retrieval

/// Stands where a server keeps no collections: every operation says how to have them.
public struct NoStore: CollectionStore {
  public init() {}

  private var refusal: RetrievalError {
    RetrievalError(
      .unsupported, "this server keeps no collections; start it with --data DIRECTORY or --store URL")
  }

  public func createCollection(
    _ name: String, contract: CollectionContract
  ) async throws(RetrievalError) -> CollectionInfo { throw refusal }
  public func dropCollection(_ name: String) async throws(RetrievalError) { throw refusal }
  public func collections() async throws(RetrievalError) -> [CollectionInfo] { throw refusal }
  public func collection(_ name: String) async throws(RetrievalError) -> CollectionInfo {
    throw refusal
  }
  public func upsert(
    _ documents: [EmbeddedDocument], into name: String, origin: VectorOrigin
  ) async throws(RetrievalError) -> UpsertOutcome { throw refusal }
  public func delete(ids: [String], from name: String) async throws(RetrievalError) -> Int {
    throw refusal
  }
  public func get(
    ids: [String], from name: String, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument?] { throw refusal }
  public func list(
    _ name: String, filter: Filter?, limit: Int, after: String?, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument] { throw refusal }
  public func search(
    _ name: String, _ request: VectorSearch
  ) async throws(RetrievalError) -> [[Hit]] { throw refusal }
  public func searchText(
    _ name: String, query: String, limit: Int, filter: Filter?
  ) async throws(RetrievalError) -> [Hit] { throw refusal }
  public func vectors(
    _ name: String, filter: Filter?, limit: Int
  ) async throws(RetrievalError) -> VectorTable { throw refusal }
  public func close() async {}
}
