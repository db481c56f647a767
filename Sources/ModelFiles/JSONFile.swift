import Foundation

/// Reads one JSON file into a value of the file's own shape; every failure names file and key.
enum JSONFile {
  /// Largest configuration that is read, in bytes. Real ones have kilobytes.
  static let sizeLimit = 16 << 20

  static func decode<Value: Decodable>(
    _ type: Value.Type, path: String, limit: Int = sizeLimit
  ) throws(ModelFilesError) -> Value {
    try decode(type, from: FileAccess.read(path, limit: limit), file: path)
  }

  /// Nil when the file is absent; a malformed one is an error all the same.
  static func decodeIfPresent<Value: Decodable>(
    _ type: Value.Type, path: String
  ) throws(ModelFilesError) -> Value? {
    do {
      return try decode(type, path: path)
    } catch {
      guard error.code == .notFound else { throw error }
      return nil
    }
  }

  static func decode<Value: Decodable>(
    _ type: Value.Type, from data: Data, file: String
  ) throws(ModelFilesError) -> Value {
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch let error as DecodingError {
      throw translate(error, data: data, file: file)
    } catch {
      throw ModelFilesError(code: .malformed, file: file, message: "is not valid JSON")
    }
  }

  private static func translate(
    _ error: DecodingError, data: Data, file: String
  ) -> ModelFilesError {
    var path: [any CodingKey] = []
    let message: String
    switch error {
    case .keyNotFound(let key, let context):
      path = context.codingPath + [key]
      message = "is required, but absent"
    case .valueNotFound(let type, let context):
      path = context.codingPath
      message = "is null; expected \(words(for: type))"
    case .typeMismatch(let type, let context):
      path = context.codingPath
      message = "has the wrong type; expected \(words(for: type))"
    case .dataCorrupted(let context):
      path = context.codingPath
      message = path.isEmpty ? syntaxMessage(data) : context.debugDescription
    @unknown default:
      message = "is not valid JSON"
    }
    let key = path.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: "/")
    return ModelFilesError(
      code: .malformed, file: file, key: key.isEmpty ? nil : key, message: message)
  }

  /// The decoder does not say where a syntax error is; the plain parser does.
  private static func syntaxMessage(_ data: Data) -> String {
    guard data.count <= 1 << 20 else { return "is not valid JSON" }
    do {
      _ = try JSONSerialization.jsonObject(with: data, options: .fragmentsAllowed)
      return "is not valid JSON: a number cannot be represented"
    } catch {
      let details = (error as NSError).userInfo["NSDebugDescription"] as? String
      return "is not valid JSON" + (details.map { ": \($0)" } ?? "")
    }
  }

  private static func words(for type: any Any.Type) -> String {
    switch type {
    case is Double.Type: return "a number"
    case is Bool.Type: return "true or false"
    case is String.Type: return "a string"
    case is [String: Any].Type: return "an object"
    case is [Any].Type: return "a list"
    default:
      let name = "\(type)"
      if name.hasPrefix("Array") { return "a list" }
      if name.hasPrefix("Dictionary") { return "an object" }
      return "a value of another kind"
    }
  }
}

/// Any key of a JSON object, for objects whose keys are data.
struct AnyCodingKey: CodingKey {
  let stringValue: String
  let intValue: Int?

  init(_ name: String) {
    stringValue = name
    intValue = nil
  }

  init(stringValue: String) { self.init(stringValue) }

  init?(intValue: Int) {
    stringValue = String(intValue)
    self.intValue = intValue
  }
}

/// A JSON number that must be whole, such as a size.
///
/// Decoding `Int` alone reports a fraction or an overflow as broken JSON, without naming the key.
struct WholeNumber: Decodable {
  let value: Int

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let value = try? container.decode(Int.self) {
      self.value = value
      return
    }
    let number = try container.decode(Double.self)
    throw DecodingError.dataCorrupted(
      DecodingError.Context(
        codingPath: decoder.codingPath,
        debugDescription: "is \(number); expected a whole number of 64 bits"))
  }
}
