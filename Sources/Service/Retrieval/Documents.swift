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
  ///
  /// - Throws: `invalidArgument` for too many ids, or for more bytes than one reply may have.
  public func get(
    ids: [String], from collection: String, vectors: Bool
  ) async throws(ServiceError) -> [EmbeddedDocument] {
    try limits.check(ids.count, atMost: limits.maximumPage, "ids")
    var budget = ReplyBudget(
      limits, "the documents asked for", remedy: "ask for fewer ids at a time, or without vectors")
    let found = try await documents(ids, from: collection, vectors: vectors, within: &budget)
    return ids.compactMap { found[Array($0.utf8)] }
  }

  /// One page of a collection.
  public struct Page: Sendable {
    public var documents: [EmbeddedDocument]
    /// Empty after the last page.
    public var nextToken: String
  }

  /// Documents in the order of their ids. A page ends early where it would have more bytes than one reply may.
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
    var documents: [EmbeddedDocument] = []
    var bytes = 0
    while documents.count < size {
      let wanted = min(size - documents.count, Self.documentsAtOnce)
      let last = documents.last?.document.id ?? token
      let part = try await stored { () async throws(RetrievalError) in
        try await store.list(
          collection, filter: condition, limit: wanted, after: last.isEmpty ? nil : last,
          vectors: vectors)
      }
      for document in part {
        bytes += document.replyBytes
        // One that is over the limit by itself still has a page, or nobody could list what follows it.
        if bytes > limits.maximumReplyBytes, let last = documents.last {
          return Page(documents: documents, nextToken: last.document.id)
        }
        documents.append(document)
      }
      if part.count < wanted { return Page(documents: documents, nextToken: "") }
    }
    return Page(documents: documents, nextToken: documents.last?.document.id ?? "")
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
