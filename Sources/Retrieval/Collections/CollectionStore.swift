/// Collections of documents and their vectors: the whole face of a store.
///
/// Two stores have it, one embedded and one on Milvus; both behave alike. Every method is safe to call
/// from any task; blocking work runs on the store's own threads. What an awaited call has returned
/// survives the end of the process at any moment.
public protocol CollectionStore: Sendable {
  /// Makes an empty collection.
  ///
  /// - Parameter name: 1 to 128 of `a-z A-Z 0-9 _ -`, the first a letter or digit.
  /// - Throws: `alreadyExists`, or `invalidArgument` for the name or the dimension.
  @discardableResult
  func createCollection(
    _ name: String, contract: CollectionContract
  ) async throws(RetrievalError) -> CollectionInfo
  /// Removes a collection and everything in it. Throws `notFound`.
  func dropCollection(_ name: String) async throws(RetrievalError)
  /// Every collection, by name.
  func collections() async throws(RetrievalError) -> [CollectionInfo]
  /// Throws `notFound`.
  func collection(_ name: String) async throws(RetrievalError) -> CollectionInfo

  /// Why this store would not take a document that is within ``CollectionLimits``; nil where it would.
  func refusal(of document: Document) -> String?
  /// Adds documents, or replaces those whose ids exist; durable and searchable when it returns. The same
  /// call twice leaves the same collection. Of an id that occurs twice in `documents` the last one stays.
  ///
  /// - Throws: `contractMismatch`, `notFound`, `invalidArgument` (an id or metadata out of bounds); then
  ///   nothing of the call is stored.
  @discardableResult
  func upsert(
    _ documents: [EmbeddedDocument], into name: String, origin: VectorOrigin
  ) async throws(RetrievalError) -> UpsertOutcome
  /// Removes the documents of these ids; ids that do not exist are passed over.
  /// - Returns: how many were removed.
  func delete(ids: [String], from name: String) async throws(RetrievalError) -> Int
  /// The documents of these ids, in that order; nil where there is none.
  func get(
    ids: [String], from name: String, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument?]
  /// Documents in the order of their ids (UTF-8 bytes), page after page.
  ///
  /// - Parameters:
  ///   - limit: documents a page, 1 to 10,000.
  ///   - after: id of the last document of the page before; nil starts.
  func list(
    _ name: String, filter: Filter?, limit: Int, after: String?, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument]

  /// The documents whose vectors have the largest inner product with each query.
  ///
  /// - Parameter request: queries of length 1, each `dimension` long.
  /// - Returns: for every query at most `limit` hits, best first; equal scores by id.
  func search(
    _ name: String, _ request: VectorSearch
  ) async throws(RetrievalError) -> [[Hit]]
  /// The documents whose words are most like the query's (BM25); best first, at most `limit`.
  func searchText(
    _ name: String, query: String, limit: Int, filter: Filter?
  ) async throws(RetrievalError) -> [Hit]

  /// Ids and vectors of the documents that pass the filter, in the order of their ids, for mining and
  /// clustering; throws `invalidArgument` if there are more than `limit`.
  func vectors(
    _ name: String, filter: Filter?, limit: Int
  ) async throws(RetrievalError) -> VectorTable

  /// Waits for running calls and closes the files.
  func close() async
}

/// What is known of a collection.
public struct CollectionInfo: Sendable, Equatable {
  public var name: String
  public var contract: CollectionContract
  /// Documents in it.
  public var count: Int

  public init(name: String, contract: CollectionContract, count: Int) {
    self.name = name
    self.contract = contract
    self.count = count
  }
}

public struct UpsertOutcome: Sendable, Equatable {
  public var inserted: Int
  public var replaced: Int

  public init(inserted: Int, replaced: Int) {
    self.inserted = inserted
    self.replaced = replaced
  }
}

/// Vectors with their ids: `values` is row-major, `ids.count` × `dimension`.
public struct VectorTable: Sendable, Equatable {
  public var ids: [String]
  public var values: [Float]
  public var dimension: Int

  public init(ids: [String], values: [Float], dimension: Int) {
    self.ids = ids
    self.values = values
    self.dimension = dimension
  }
}

extension CollectionStore {
  public func refusal(of document: Document) -> String? { nil }
}
