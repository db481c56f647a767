import Foundation
import Retrieval
import SwiftProtobuf

/// Metadata as the JSON of its column, and back.
enum MetadataJSON {
  static func encode(_ metadata: Metadata) throws(RetrievalError) -> Data {
    var object = Google_Protobuf_Struct()
    for (field, value) in metadata {
      switch value {
      case .string(let string): object.fields[field] = .init(stringValue: string)
      case .number(let number): object.fields[field] = .init(numberValue: number)
      case .bool(let bool): object.fields[field] = .init(boolValue: bool)
      case .strings(let strings):
        var list = Google_Protobuf_ListValue()
        list.values = strings.map { .init(stringValue: $0) }
        object.fields[field] = .init(listValue: list)
      }
    }
    do {
      return try object.jsonUTF8Data()
    } catch {
      throw RetrievalError(.invalidArgument, "the metadata cannot be written as JSON")
    }
  }

  /// - Returns: nil for JSON that is no metadata.
  static func decode(_ json: Data) -> Metadata? {
    guard let object = try? Google_Protobuf_Struct(jsonUTF8Data: json) else { return nil }
    var metadata: Metadata = [:]
    for (field, value) in object.fields {
      switch value.kind {
      case .stringValue(let string): metadata[field] = .string(string)
      case .numberValue(let number): metadata[field] = .number(number)
      case .boolValue(let bool): metadata[field] = .bool(bool)
      case .listValue(let list):
        var strings: [String] = []
        for element in list.values {
          guard case .stringValue(let string) = element.kind else { return nil }
          strings.append(string)
        }
        metadata[field] = .strings(strings)
      case .nullValue, .structValue, nil: return nil
      }
    }
    return metadata
  }
}
