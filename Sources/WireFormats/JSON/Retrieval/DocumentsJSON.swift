import Retrieval
import Service

/// One document as it comes in: `{"id", "title"?, "text", "metadata"?, "vector"?}`.
///
/// `_id` stands for `id` too, as in the corpus files of BEIR.
public struct DocumentBody: Decodable, Sendable {
  public let incoming: IncomingDocument

  private enum Field: String, CodingKey, CaseIterable {
    case id, title, text, metadata, vector
    case beirID = "_id"
  }

  private struct Vector: Decodable {
    let foreign: ForeignVector

    private enum Field: String, CodingKey, CaseIterable { case values, model, fingerprint, prefix }

    init(from decoder: any Decoder) throws {
      let fields = try StrictFields<Field>(decoder)
      foreign = ForeignVector(
        values: try fields.require(.values),
        origin: VectorOrigin(
          model: try fields.require(.model), fingerprint: try fields.require(.fingerprint),
          prefix: try fields.require(.prefix)))
    }
  }

  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Field>(decoder)
    let beirID: String? = try fields.optional(.beirID)
    let id: String = try beirID ?? fields.require(.id)
    if beirID != nil, try fields.optional(.id) as String? != nil {
      throw FieldFault(message: "a document has both 'id' and '_id'; leave one out")
    }
    let metadata: [String: MetadataBody]? = try fields.optional(.metadata)
    let vector: Vector? = try fields.optional(.vector)
    incoming = IncomingDocument(
      document: Document(
        id: id, title: try fields.optional(.title) ?? "", text: try fields.require(.text),
        metadata: (metadata ?? [:]).mapValues(\.value)),
      vector: vector?.foreign)
  }
}

/// One property of a document.
private struct MetadataBody: Decodable {
  let value: MetadataValue

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let bool = try? container.decode(Bool.self) {
      value = .bool(bool)
    } else if let number = try? container.decode(Double.self) {
      value = .number(number)
    } else if let string = try? container.decode(String.self) {
      value = .string(string)
    } else if let strings = try? container.decode([String].self) {
      value = .strings(strings)
    } else {
      throw FieldFault(
        message: "\(decoder.codingPath.place) must be a string, a number, true, false or a list of strings")
    }
  }
}

/// Body of `POST …/documents`: a list of documents, or `{"documents": […]}`.
public struct UpsertBody: Decodable, Sendable {
  public let documents: [IncomingDocument]

  private enum Field: String, CodingKey, CaseIterable { case documents }

  public init(from decoder: any Decoder) throws {
    let list: [DocumentBody]
    if (try? decoder.unkeyedContainer()) != nil {
      list = try decoder.singleValueContainer().decode([DocumentBody].self)
    } else {
      list = try StrictFields<Field>(decoder).require(.documents)
    }
    documents = list.map(\.incoming)
  }
}

/// A document that was not stored, or a line that is no document.
public struct DocumentFailure: Sendable {
  /// Position in the request or stream, from 0.
  public var index: Int
  /// Empty where the line has none.
  public var id: String
  public var error: ServiceError

  public init(index: Int, id: String, error: ServiceError) {
    self.index = index
    self.id = id
    self.error = error
  }

  public init(_ failure: UpsertReport.Failure) {
    self.init(index: failure.index, id: failure.id, error: failure.error)
  }
}

/// Body of `POST …/documents/delete`: `DeleteDocumentsRequest`.
public struct DeleteBody: Decodable, Sendable {
  public let ids: [String]

  private enum Field: String, CodingKey, CaseIterable { case ids }

  public init(from decoder: any Decoder) throws {
    ids = try StrictFields<Field>(decoder).require(.ids)
  }
}

extension JSONWriter {
  /// Fields of `Document` and, where there is one, its `vector`: what goes out can come in again.
  ///
  /// - Parameter contract: the collection's; it names where the vector comes from.
  public mutating func storedDocument(_ stored: EmbeddedDocument, contract: CollectionContract) {
    object { json in
      json.documentFields(stored.document)
      guard !stored.vector.isEmpty else { return }
      json.object("vector") { json in
        json.key("values")
        json.floats(stored.vector)
        json.field("model", contract.model)
        json.field("fingerprint", contract.fingerprint)
        json.field("prefix", contract.passagePrefix)
      }
    }
  }

  mutating func documentFields(_ document: Document) {
    field("id", document.id)
    field("title", document.title)
    field("text", document.text)
    // In the order of their names, so that equal collections export equal bytes.
    object("metadata") { json in
      for (name, value) in document.metadata.sorted(by: { $0.key < $1.key }) {
        json.key(name)
        switch value {
        case .string(let string): json.string(string)
        case .number(let number): json.double(number)
        case .bool(let bool): json.bool(bool)
        case .strings(let strings): json.array(strings) { $0.string($1) }
        }
      }
    }
  }

  /// `ListDocumentsResponse`.
  public mutating func page(_ page: RetrievalService.Page, contract: CollectionContract) {
    object { json in
      json.array("documents", page.documents) { $0.storedDocument($1, contract: contract) }
      json.field("next_page_token", page.nextToken)
    }
  }

  /// `UpsertResponse`.
  ///
  /// - Parameters:
  ///   - failures: what stands for the report's own.
  ///   - settled: documents of the request or stream settled so far, failures included.
  public mutating func upsertReport(
    _ report: UpsertReport, failures: [DocumentFailure], settled: Int
  ) {
    object { json in
      json.field("inserted", report.inserted)
      json.field("replaced", report.replaced)
      json.field("truncated", report.truncated)
      json.field("settled", settled)
      json.array("failures", failures) { json, failure in
        json.object { json in
          json.field("index", failure.index)
          json.field("id", failure.id)
          json.status(failure.error)
        }
      }
    }
  }
}
