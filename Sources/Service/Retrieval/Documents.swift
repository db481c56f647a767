import Retrieval

/// Reading and removing documents.
extension RetrievalService {
  /// - Returns: how many were removed.
  public func delete(
    ids: [String], from collection: String
  ) async throws(ServiceError) -> Int {
    try limits.check(ids.count, atMost: limits.maximumDocuments, "ids")
    return try await stored { () async throws(RetrievalError) in
      try await store.delete(ids: ids, from: collection)
    }
  }

  /// The documents that exist, in the order asked for.
  public func get(
    ids: [String], from collection: String, vectors: Bool
  ) async throws(ServiceError) -> [EmbeddedDocument] {
    try limits.check(ids.count, atMost: limits.maximumPage, "ids")
    let found = try await stored { () async throws(RetrievalError) in
      try await store.get(ids: ids, from: collection, vectors: vectors)
    }
    return found.compactMap(\.self)
  }

  /// One page of a collection.
  public struct Page: Sendable {
    public var documents: [EmbeddedDocument]
    /// Empty after the last page.
    public var nextToken: String
  }

  /// Documents in the order of their ids.
  ///
  /// - Parameters:
  ///   - size: documents a page; 0 means 100.
  ///   - token: `nextToken` of the page before; empty starts.
  public func list(
    _ collection: String, filter: String, size: Int, token: String, vectors: Bool
  ) async throws(ServiceError) -> Page {
    let size = try limits.resolve(
      size, default: 100, atMost: limits.maximumPage, "page_size")
    let condition = try parsedFilter(filter)
    let documents = try await stored { () async throws(RetrievalError) in
      try await store.list(
        collection, filter: condition, limit: size, after: token.isEmpty ? nil : token,
        vectors: vectors)
    }
    let isLast = documents.count < size
    return Page(documents: documents, nextToken: isLast ? "" : documents.last?.document.id ?? "")
  }

  /// Text of a filter; empty means none.
  func parsedFilter(_ text: String) throws(ServiceError) -> Filter? {
    guard !text.isEmpty else { return nil }
    do {
      return try Filter.parse(text)
    } catch {
      throw ServiceError(error)
    }
  }
}
