import Foundation
import Retrieval

/// Rows of a reply, by columns; a column that was not asked for is empty.
struct FoundRows: Sendable {
  var count: Int
  private var strings: [String: [String]] = [:]
  private var metadata: [Data] = []
  private var wordCounts: [Int64] = []
  private var vectors: [Float] = []
  private let dimension: Int

  /// - Parameter ids: the rows' ids where the reply has them apart, as that of a search has.
  /// - Throws: `storage` if the columns do not fit each other.
  init(
    _ columns: [Milvus_Proto_Schema_FieldData], ids: [String]? = nil, dimension: Int
  ) throws(RetrievalError) {
    self.dimension = dimension
    for column in columns {
      switch column.fieldName {
      case Field.id, Field.title, Field.text: strings[column.fieldName] = column.scalars.stringData.data
      case Field.metadata: metadata = column.scalars.jsonData.data
      case Field.wordCount: wordCounts = column.scalars.longData.data
      case Field.vector: vectors = column.vectors.floatVector.data
      default: continue
      }
    }
    if let ids { strings[Field.id] = ids }
    count = strings[Field.id]?.count ?? max(metadata.count, wordCounts.count)
    let count = count
    guard strings.values.allSatisfy({ $0.count == count }), metadata.isEmpty || metadata.count == count,
      wordCounts.isEmpty || wordCounts.count == count,
      vectors.isEmpty || vectors.count == count * dimension
    else { throw Self.unreadable("columns of different lengths") }
  }

  private static func unreadable(_ what: String) -> RetrievalError {
    RetrievalError(.storage, "Milvus answered with \(what): is the collection Duri's own and unchanged?")
  }

  private func string(_ field: String, _ row: Int) throws(RetrievalError) -> String {
    guard let column = strings[field], column.indices.contains(row) else {
      throw Self.unreadable("rows without '\(field)'")
    }
    return column[row]
  }

  func id(_ row: Int) throws(RetrievalError) -> String { try string(Field.id, row) }

  func vector(_ row: Int) throws(RetrievalError) -> ArraySlice<Float> {
    guard vectors.count >= (row + 1) * dimension else { throw Self.unreadable("rows without a vector") }
    return vectors[(row * dimension)..<((row + 1) * dimension)]
  }

  func metadata(_ row: Int) throws(RetrievalError) -> Metadata {
    guard metadata.indices.contains(row), let decoded = MetadataJSON.decode(metadata[row]) else {
      throw Self.unreadable("metadata that is none")
    }
    return decoded
  }

  func document(_ row: Int) throws(RetrievalError) -> Document {
    Document(
      id: try id(row), title: try string(Field.title, row), text: try string(Field.text, row),
      metadata: try metadata(row))
  }

  /// The mean of the word counts; 0 without rows.
  var meanWordCount: Double {
    wordCounts.isEmpty ? 0 : Double(wordCounts.reduce(0, &+)) / Double(wordCounts.count)
  }
}
