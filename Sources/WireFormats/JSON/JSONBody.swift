import Foundation
import Service

/// Reads a JSON body.
///
/// - Throws: `invalidArgument` naming the field that is missing, unknown or of the wrong type; never a value.
public func decodeJSON<Body: Decodable>(
  _ type: Body.Type, from body: Data
) throws(ServiceError) -> Body {
  do {
    return try JSONDecoder().decode(type, from: body)
  } catch let fault as FieldFault {
    throw ServiceError(.invalidArgument, fault.message)
  } catch let error as DecodingError {
    throw ServiceError(.invalidArgument, error.sentence)
  } catch {
    throw ServiceError(.invalidArgument, "the body is not valid JSON")
  }
}

/// A field that cannot be, found while decoding.
struct FieldFault: Error {
  let message: String
}

extension DecodingError {
  /// What is wrong, in terms of fields.
  fileprivate var sentence: String {
    switch self {
    case .typeMismatch(let type, let context):
      "\(context.codingPath.place) must be \(words(for: type))"
    case .valueNotFound(let type, let context):
      "\(context.codingPath.place) must be \(words(for: type)), not null"
    case .keyNotFound(let key, let context):
      "\((context.codingPath + [key]).place) is missing"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "the body is not valid JSON" : "\(context.codingPath.place) has a value that cannot be used"
    @unknown default: "the body is not valid JSON"
    }
  }

  /// A type as a writer of JSON calls it.
  private func words(for type: any Any.Type) -> String {
    switch type {
    case is String.Type: "a string"
    case is Bool.Type: "true or false"
    case is any BinaryInteger.Type: "a whole number"
    case is any BinaryFloatingPoint.Type: "a number"
    case is [Any].Type: "a list"
    default: type is any Collection.Type && !(type is [String: Any].Type) ? "a list" : "an object"
    }
  }
}

extension [any CodingKey] {
  /// `field 'documents[3].text'`, or the body.
  var place: String {
    guard !isEmpty else { return "the body" }
    var path = ""
    for key in self {
      if let index = key.intValue {
        path += "[\(index)]"
      } else {
        path += (path.isEmpty ? "" : ".") + shortened(key.stringValue)
      }
    }
    return "field '\(path)'"
  }
}

/// A name a client chose, short enough for a message.
///
/// Scalars, not characters: one character may have any number of bytes.
private func shortened(_ name: String) -> String {
  String(String.UnicodeScalarView(name.unicodeScalars.prefix(64)))
}

// MARK: - Objects without unknown fields

/// Fields of a JSON object that has no others: a misspelt option must not pass for one left out.
struct StrictFields<Field: CodingKey & CaseIterable> {
  private let container: KeyedDecodingContainer<Field>

  /// - Throws: ``FieldFault`` naming the first unknown field and the known ones.
  init(_ decoder: any Decoder) throws {
    let all = try decoder.container(keyedBy: AnyField.self)
    for key in all.allKeys where Field(stringValue: key.stringValue) == nil {
      let known = Field.allCases.map(\.stringValue).joined(separator: ", ")
      throw FieldFault(
        message: "\((decoder.codingPath + [key]).place) is unknown; known here: \(known)")
    }
    container = try decoder.container(keyedBy: Field.self)
  }

  /// A field that must be there.
  func require<V: Decodable>(_ field: Field) throws -> V {
    try placed(field) { try container.decode(V.self, forKey: field) }
  }

  /// A field that may be left out or null.
  func optional<V: Decodable>(_ field: Field) throws -> V? {
    try placed(field) { try container.decodeIfPresent(V.self, forKey: field) }
  }

  /// Names the field of a number or string that cannot be represented: the decoder has an error of its own
  /// for it.
  private func placed<V>(_ field: Field, _ decode: () throws -> V) throws -> V {
    do {
      return try decode()
    } catch let error where !(error is FieldFault || error is DecodingError) {
      throw FieldFault(
        message: "\((container.codingPath + [field]).place) has a value that cannot be used")
    }
  }

  /// One word of a closed set; nil where the field is left out or null.
  func word<V: RawRepresentable & CaseIterable>(_ field: Field) throws -> V?
  where V.RawValue == String {
    guard let text: String = try optional(field) else { return nil }
    guard let value = V(rawValue: text) else {
      let known = V.allCases.map(\.rawValue).joined(separator: ", ")
      throw FieldFault(message: "\((container.codingPath + [field]).place) must be one of \(known)")
    }
    return value
  }
}

private struct AnyField: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }

  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
