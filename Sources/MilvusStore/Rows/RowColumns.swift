import Foundation
import Retrieval

/// Documents as the columns of an upsert; checked, each id once.
struct RowColumns: Sendable {
  private(set) var ids: [String] = []
  private var titles: [String] = []
  private var texts: [String] = []
  private var metadata: [Data] = []
  private var filterKeys: [[String]] = []
  private var vectors: [Float] = []
  private var words: [DocumentWords] = []
  /// Of the message, about.
  private(set) var bytes = 0
  private let dimension: Int

  init(dimension: Int) { self.dimension = dimension }

  /// Rows of one upsert at most, and about the bytes of its message; a server takes 64 MiB.
  private static let maximumRows = 8_192
  private static let maximumBytes = 24 << 20

  /// The documents in as few upserts as the server's limits allow; usually one, which is stored whole or
  /// not at all.
  ///
  /// - Throws: `contractMismatch` or `invalidArgument` for the first document that cannot be stored.
  static func make(
    _ documents: [EmbeddedDocument], origin: VectorOrigin, contract: CollectionContract
  ) throws(RetrievalError) -> [RowColumns] {
    var last: [[UInt8]: Int] = [:]
    for (position, each) in documents.enumerated() {
      try contract.check(origin, side: .passage, dimension: each.vector.count)
      try each.document.check(position: position)
      try checkUnitLength(each.vector, of: "document \(position)")
      last[Array(each.document.id.utf8)] = position
    }
    var parts: [RowColumns] = []
    var part = RowColumns(dimension: contract.dimension)
    for (position, each) in documents.enumerated() where last[Array(each.document.id.utf8)] == position {
      if part.ids.count == maximumRows || part.bytes > maximumBytes {
        parts.append(part)
        part = RowColumns(dimension: contract.dimension)
      }
      try part.append(each, position: position)
    }
    if !part.ids.isEmpty { parts.append(part) }
    return parts
  }

  /// Why Milvus would not take the document; nil where it would.
  static func refusal(of document: Document) -> String? {
    // Metadata that cannot be encoded is refused with its own words when it is.
    guard let json = try? MetadataJSON.encode(document.metadata) else { return nil }
    return refusal(of: document, json, FilterKey.all(of: document.metadata))
  }

  private static func refusal(of document: Document, _ json: Data, _ keys: [String]) -> String? {
    let checks = [
      ("bytes of its title are", document.title.utf8.count, RowLimits.textBytes, "shorten it"),
      ("bytes of its text are", document.text.utf8.count, RowLimits.textBytes, "split it"),
      ("bytes of its metadata as JSON are", json.count, RowLimits.metadataBytes, "shorten it"),
      ("metadata fields and strings of their lists are", keys.count, RowLimits.arrayCount, "leave some out"),
    ]
    return checks.first { $0.1 > $0.2 }.map { what, size, limit, remedy in
      "\(what) \(size), at most \(limit) on Milvus: \(remedy)"
    }
  }

  private mutating func append(_ embedded: EmbeddedDocument, position: Int) throws(RetrievalError) {
    let document = embedded.document
    let json = try MetadataJSON.encode(document.metadata)
    let keys = FilterKey.all(of: document.metadata)
    if let refusal = Self.refusal(of: document, json, keys) {
      throw RetrievalError(.invalidArgument, "document \(position): \(refusal)")
    }
    let words = DocumentWords(document)
    ids.append(document.id)
    titles.append(document.title)
    texts.append(document.text)
    metadata.append(json)
    filterKeys.append(keys)
    vectors.append(contentsOf: embedded.vector)
    self.words.append(words)
    bytes +=
      document.id.utf8.count + document.title.utf8.count + document.text.utf8.count + json.count
      + keys.count * (FilterKey.length + 2) + dimension * 4 + words.weights.bytes.count + words.hashes.count * 5 + 64
  }

  var fields: [Milvus_Proto_Schema_FieldData] {
    [
      .init(Field.id, strings: ids), .init(Field.title, strings: titles), .init(Field.text, strings: texts),
      .init(Field.metadata, json: metadata),
      .init(Field.filterKeys, arrays: filterKeys, of: .varChar) { $0.stringData.data = $1 },
      .init(Field.vector, floats: vectors, dimension: dimension),
      .init(Field.wordWeights, sparse: words.map(\.weights)),
      .init(Field.wordHashes, arrays: words.map(\.hashes), of: .int64) { $0.longData.data = $1 },
      .init(Field.wordCount, integers: words.map { Int64($0.count) }),
    ]
  }
}

extension Milvus_Proto_Schema_FieldData {
  private init(_ name: String, _ type: Milvus_Proto_Schema_DataType) {
    self.init()
    fieldName = name
    self.type = type
  }

  fileprivate init(_ name: String, strings: [String]) {
    self.init(name, .varChar)
    scalars.stringData.data = strings
  }

  fileprivate init(_ name: String, integers: [Int64]) {
    self.init(name, .int64)
    scalars.longData.data = integers
  }

  fileprivate init(_ name: String, json: [Data]) {
    self.init(name, .json)
    scalars.jsonData.data = json
  }

  fileprivate init<Element>(
    _ name: String, arrays: [[Element]], of type: Milvus_Proto_Schema_DataType,
    _ set: (inout Milvus_Proto_Schema_ScalarField, [Element]) -> Void
  ) {
    self.init(name, .array)
    scalars.arrayData.elementType = type
    scalars.arrayData.data = arrays.map { elements in
      var field = Milvus_Proto_Schema_ScalarField()
      set(&field, elements)
      return field
    }
  }

  fileprivate init(_ name: String, floats: [Float], dimension: Int) {
    self.init(name, .floatVector)
    vectors.dim = Int64(dimension)
    vectors.floatVector.data = floats
  }

  fileprivate init(_ name: String, sparse: [SparseVector]) {
    self.init(name, .sparseFloatVector)
    let dimension = sparse.map(\.dimension).max() ?? 0
    vectors.dim = dimension
    vectors.sparseFloatVector.dim = dimension
    vectors.sparseFloatVector.contents = sparse.map(\.bytes)
  }
}
