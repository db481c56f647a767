import Foundation
import GRDB

/// One thing a filter can ask of a document, as a row of the index over metadata.
struct MetadataEntry: Sendable {
  /// What `value` is; part of the index's key.
  enum Kind: Int64 {
    case string = 0
    case number = 1
    case bool = 2
    /// A whole list, encoded.
    case list = 3
    /// One string of a list.
    case element = 4
  }

  var field: String
  var kind: Kind
  /// Text is kept as bytes: compared by them, and a NUL inside does no harm.
  var value: DatabaseValue

  /// Everything a filter can ask of a document with this metadata.
  static func entries(of metadata: Metadata) -> [MetadataEntry] {
    var entries: [MetadataEntry] = []
    entries.reserveCapacity(metadata.count)
    for (field, value) in metadata {
      entries.append(MetadataEntry(field: field, value: value))
      if case .strings(let strings) = value {
        for string in Set(strings.map { Data($0.utf8) }) {
          entries.append(MetadataEntry(field: field, kind: .element, value: string.databaseValue))
        }
      }
    }
    return entries
  }

  /// The entry of a document whose `field` has exactly this value.
  init(field: String, value: MetadataValue) {
    switch value {
    case .string(let string): self.init(field: field, kind: .string, value: Data(string.utf8).databaseValue)
    case .number(let number): self.init(field: field, kind: .number, value: number.databaseValue)
    case .bool(let bool): self.init(field: field, kind: .bool, value: (bool ? 1 : 0).databaseValue)
    case .strings(let strings):
      self.init(field: field, kind: .list, value: MetadataCodec.encode(strings).databaseValue)
    }
  }

  init(field: String, kind: Kind, value: DatabaseValue) {
    self.field = field
    self.kind = kind
    self.value = value
  }
}
