import Foundation

/// One line of a corpus file: a JSON object with `_id` (or `id`), `title`, `text`, `metadata`, and, in an export with
/// vectors, `vector` with `values`, `model`, `fingerprint` and `prefix`. The layout is that of the BEIR collections
/// (`corpus.jsonl`).
public struct DocumentLine: Sendable, Equatable {
  public var document: Document
  /// nil where the line has none.
  public var vector: ForeignVector?

  public init(document: Document, vector: ForeignVector? = nil) {
    self.document = document
    self.vector = vector
  }

  /// Reads a line.
  ///
  /// - Throws: `invalidArgument` saying what is missing or of the wrong type, never the text.
  public init(json line: Data) throws(RetrievalError) {
    guard let object = try? JSONSerialization.jsonObject(with: line) as? [String: Any] else {
      throw RetrievalError(.invalidArgument, "is not a JSON object")
    }
    guard let id = (object["_id"] ?? object["id"]) as? String else {
      throw RetrievalError(.invalidArgument, "has no string \"_id\" (or \"id\")")
    }
    guard let text = object["text"] as? String else {
      throw RetrievalError(.invalidArgument, "has no string \"text\"")
    }
    var metadata: Metadata = [:]
    for (field, value) in try Self.optional(object["metadata"], "metadata", is: "an object") as [String: Any]? ?? [:] {
      metadata[field] = try MetadataValue(json: value, field: field)
    }
    document = Document(
      id: id, title: try Self.optional(object["title"], "title", is: "a string") ?? "", text: text,
      metadata: metadata)
    switch object["vector"] {
    case nil, is NSNull: vector = nil
    case let given?: vector = try ForeignVector(json: given)
    }
  }

  /// A member that may be missing or null, but is of no other type.
  private static func optional<T>(
    _ value: Any?, _ name: String, is type: String
  ) throws(RetrievalError) -> T? {
    guard let value, !(value is NSNull) else { return nil }
    guard let typed = value as? T else {
      throw RetrievalError(.invalidArgument, "has a \"\(name)\" that is not \(type)")
    }
    return typed
  }

  /// The line without its end. Keys stand in a fixed order, so that equal collections export equal bytes.
  public var json: Data {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return try encoder.encode(
        Line(
          _id: document.id, title: document.title, text: document.text,
          metadata: document.metadata.isEmpty ? nil : document.metadata,
          vector: vector.map(Vector.init)))
    }
  }

  private struct Line: Encodable {
    var _id: String
    var title: String
    var text: String
    var metadata: Metadata?
    var vector: Vector?
  }

  private struct Vector: Encodable {
    var values: [Float]
    var model: String
    var fingerprint: String
    var prefix: String

    init(_ vector: ForeignVector) {
      values = vector.values
      model = vector.origin.model
      fingerprint = vector.origin.fingerprint
      prefix = vector.origin.prefix
    }
  }
}

extension ForeignVector {
  /// Reads `{"values", "model", "fingerprint", "prefix"}` as `JSONSerialization` gives it.
  fileprivate init(json value: Any) throws(RetrievalError) {
    guard let fields = value as? [String: Any], let values = fields["values"] as? [NSNumber],
      let model = fields["model"] as? String, let fingerprint = fields["fingerprint"] as? String,
      let prefix = fields["prefix"] as? String
    else {
      throw RetrievalError(
        .invalidArgument,
        "has a \"vector\" that does not say which model made it; write {\"values\", \"model\", \"fingerprint\", "
          + "\"prefix\"} as an export does, or leave it out to have the text embedded")
    }
    self.init(
      values: values.map(\.floatValue),
      origin: VectorOrigin(model: model, fingerprint: fingerprint, prefix: prefix))
  }
}

extension MetadataValue: Encodable {
  /// A value as `JSONSerialization` gives it: string, number, boolean, or a list of strings.
  public init(json value: Any, field: String) throws(RetrievalError) {
    switch value {
    case let string as String: self = .string(string)
    case let list as [String]: self = .strings(list)
    case let number as NSNumber:
      // A JSON true is an NSNumber too; only its type code tells.
      self = isBoolean(number) ? .bool(number.boolValue) : .number(number.doubleValue)
    default:
      throw RetrievalError(
        .invalidArgument,
        "metadata '\(field)' is neither string, number, boolean nor a list of strings")
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .string(let string): try container.encode(string)
    case .number(let number): try container.encode(number)
    case .bool(let bool): try container.encode(bool)
    case .strings(let strings): try container.encode(strings)
    }
  }
}

private func isBoolean(_ number: NSNumber) -> Bool {
  String(cString: number.objCType) == "c"
}
