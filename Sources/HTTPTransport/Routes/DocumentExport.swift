import HummingbirdCore
import NIOCore
import Retrieval
import Service
import WireFormats

/// All documents of a collection, a line each; holds little of it at a time, whatever the documents' size.
struct DocumentExport: Sendable {
  private let retrieval: RetrievalService
  private let collection: String
  private let contract: CollectionContract
  private let filter: String
  private let vectors: Bool
  private var documents: [EmbeddedDocument] = []
  /// Where the next page begins; empty at the beginning and behind the end.
  private var nextToken = ""
  /// Documents of the next page: few at first, as they may be large.
  private var pageSize = 8

  /// Bytes of JSON that a page should make.
  private static let pageBytes = 1 << 20
  /// Bytes written at once.
  private static let pieceBytes = 65_536

  init(
    retrieval: RetrievalService, collection: String, contract: CollectionContract, filter: String,
    vectors: Bool
  ) {
    self.retrieval = retrieval
    self.collection = collection
    self.contract = contract
    self.filter = filter
    self.vectors = vectors
  }

  mutating func readPage() async throws(ServiceError) {
    let page = try await retrieval.list(
      collection, filter: filter, size: pageSize, token: nextToken, vectors: vectors)
    documents = page.documents
    nextToken = page.nextToken
  }

  /// Writes every page, the one that is read already first.
  func write(to writer: inout any ResponseBodyWriter) async throws {
    var export = self
    while true {
      let bytes = try await export.writePage(to: &writer)
      guard !export.nextToken.isEmpty else { return }
      let wanted = export.pageSize * Self.pageBytes / max(1, bytes)
      export.pageSize = min(max(1, wanted), 4 * export.pageSize, retrieval.limits.maximumPage)
      try await export.readPage()
    }
  }

  /// - Returns: bytes written.
  private mutating func writePage(to writer: inout any ResponseBodyWriter) async throws -> Int {
    var json = JSONWriter(capacity: 2 * Self.pieceBytes)
    var written = 0
    for document in documents {
      json.storedDocument(document, contract: contract)
      json.endLine()
      guard json.bytes.count >= Self.pieceBytes else { continue }
      written += json.bytes.count
      // Returns when the client has taken enough of what was written before.
      try await writer.write(ByteBuffer(bytes: json.bytes))
      json = JSONWriter(capacity: 2 * Self.pieceBytes)
    }
    if !json.bytes.isEmpty { try await writer.write(ByteBuffer(bytes: json.bytes)) }
    return written + json.bytes.count
  }
}
