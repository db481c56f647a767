import Foundation
import Retrieval

/// The fields of a collection on Milvus.
enum Field {
  static let id = "id"
  static let title = "title"
  static let text = "text"
  /// JSON: field to string, number, boolean or list of strings, for other clients to read and filter on too.
  static let metadata = "metadata"
  /// What filters ask of a document, as keys; see ``FilterKey``.
  static let filterKeys = "filter_keys"
  /// f32, of length 1.
  static let vector = "vector"
  /// Weights of the document's words by their hashes, for the inner product with a question's.
  static let wordWeights = "word_weights"
  /// The hashes of the words, for counting the documents that have one.
  static let wordHashes = "word_hashes"
  /// How many words there are.
  static let wordCount = "word_count"

  /// All of a document but its vector.
  static let document = [id, title, text, metadata]
}

/// What a row takes at most; Milvus sets these limits.
enum RowLimits {
  /// Bytes of a title or of a text.
  static let textBytes = 65_535
  /// Bytes of the metadata as JSON.
  static let metadataBytes = 65_535
  /// Elements of an array.
  static let arrayCount = 4_096
  /// Hits a search.
  static let hits = 16_384
}

extension Milvus_Proto_Schema_CollectionSchema {
  /// The schema of a collection with this contract.
  init(name: String, contract: CollectionContract, description: String) {
    typealias Schema = Milvus_Proto_Schema_FieldSchema
    func field(_ name: String, _ type: Milvus_Proto_Schema_DataType, _ parameters: [String: Int] = [:])
      -> Schema
    {
      var field = Schema()
      field.name = name
      field.dataType = type
      field.typeParams = parameters.sorted { $0.key < $1.key }.map { .init($0.key, String($0.value)) }
      return field
    }
    func array(_ name: String, of type: Milvus_Proto_Schema_DataType, _ parameters: [String: Int]) -> Schema {
      var field = field(name, .array, parameters)
      field.elementType = type
      return field
    }
    var id = field(Field.id, .varChar, ["max_length": CollectionLimits.idBytes])
    id.isPrimaryKey = true
    self.init()
    self.name = name
    self.description_p = description
    fields = [
      id, field(Field.title, .varChar, ["max_length": RowLimits.textBytes]),
      field(Field.text, .varChar, ["max_length": RowLimits.textBytes]), field(Field.metadata, .json),
      array(
        Field.filterKeys, of: .varChar,
        ["max_capacity": RowLimits.arrayCount, "max_length": FilterKey.length]),
      field(Field.vector, .floatVector, ["dim": contract.dimension]),
      field(Field.wordWeights, .sparseFloatVector),
      array(Field.wordHashes, of: .int64, ["max_capacity": RowLimits.arrayCount]),
      field(Field.wordCount, .int64),
    ]
  }
}

extension Milvus_Proto_Common_KeyValuePair {
  init(_ key: String, _ value: String) {
    self.init()
    self.key = key
    self.value = value
  }
}

/// The contract as a collection's property, and once more in its description.
struct StoredContract: Codable {
  static let property = "duri.collection"
  static let currentVersion = 1

  var version: Int
  var contract: CollectionContract

  static func encode(_ contract: CollectionContract) throws(RetrievalError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    do {
      let stored = StoredContract(version: currentVersion, contract: contract)
      return String(decoding: try encoder.encode(stored), as: UTF8.self)
    } catch {
      throw RetrievalError(.invalidArgument, "the contract cannot be written as JSON")
    }
  }

  /// The contract of a described collection; nil for one that Duri did not make.
  ///
  /// - Throws: `storage` for one of another version.
  static func decode(
    _ reply: Milvus_Proto_Milvus_DescribeCollectionResponse, name: String
  ) throws(RetrievalError) -> CollectionContract? {
    let property = reply.properties.first { $0.key == Self.property }?.value
    guard let text = property ?? (reply.schema.description_p.isEmpty ? nil : reply.schema.description_p),
      let stored = try? JSONDecoder().decode(StoredContract.self, from: Data(text.utf8))
    else { return nil }
    guard stored.version == currentVersion else {
      throw RetrievalError(
        .storage,
        "the collection '\(name)' on Milvus has format \(stored.version), this version reads "
          + "\(currentVersion): use the version that made it")
    }
    return stored.contract
  }
}
