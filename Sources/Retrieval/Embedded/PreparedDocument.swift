import Foundation

/// A document as its tables take it; made before the one writer is entered.
struct PreparedDocument: Sendable {
  let id: Data
  let title: Data
  let text: Data
  let metadata: Data
  let entries: [MetadataEntry]
  /// Its lexical tokens, a space behind each.
  let words: String
  /// f32, little-endian.
  let vector: Data
  /// Its row among the call's encoded rows.
  let encoded: Int

  /// The words of a document, from its stored title and text.
  static func words(title: String, text: String) -> String {
    // The line break keeps a word of the title from running into the text's first.
    String(decoding: lexicalWords(title.isEmpty ? text : title + "\n" + text), as: UTF8.self)
  }
}

/// One call's documents, checked: each id once.
struct PreparedDocuments: Sendable {
  var documents: [PreparedDocument] = []
  var rows: EncodedRows

  init(
    _ embedded: [EmbeddedDocument], origin: VectorOrigin, contract: CollectionContract,
    layout: RowLayout
  ) throws(RetrievalError) {
    rows = EncodedRows(layout: layout)
    rows.reserveCapacity(embedded.count)
    documents.reserveCapacity(embedded.count)
    var last: [Data: Int] = [:]
    for (position, each) in embedded.enumerated() {
      try contract.check(origin, side: .passage, dimension: each.vector.count)
      try each.document.check(position: position)
      try checkUnitLength(each.vector, of: "document \(position)")
      last[Data(each.document.id.utf8)] = position
    }
    for (position, each) in embedded.enumerated() {
      let id = Data(each.document.id.utf8)
      guard last[id] == position else { continue }
      let document = each.document
      documents.append(
        PreparedDocument(
          id: id, title: Data(document.title.utf8), text: Data(document.text.utf8),
          metadata: MetadataCodec.encode(document.metadata),
          entries: MetadataEntry.entries(of: document.metadata),
          words: PreparedDocument.words(title: document.title, text: document.text),
          vector: each.vector.withUnsafeBytes { Data($0) }, encoded: rows.count))
      each.vector.withUnsafeBufferPointer { rows.append($0) }
    }
  }
}
