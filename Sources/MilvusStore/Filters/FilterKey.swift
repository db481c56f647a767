import Retrieval

/// What a filter can ask of a document, as a short text without a character that needs escaping.
///
/// Every key of a document is in the array `filter_keys`, so that a condition is whether the array contains
/// it: true or false, never unknown, whatever is missing or of another kind. (Conditions on JSON itself give
/// unknown for missing fields on some versions of Milvus and false on others, and `not` of them differs.)
enum FilterKey {
  /// What a key is of; the first byte that is hashed.
  private enum Kind: UInt8 {
    case string, number, bool, list, element, isNumber
  }

  /// Characters of a key: 128 bits in hexadecimal.
  static let length = 32

  /// All that can be asked of a document with this metadata, each once, in the order of their bytes.
  static func all(of metadata: Metadata) -> [String] {
    var keys: Set<String> = []
    for (field, value) in metadata {
      keys.insert(key(field, value))
      switch value {
      case .number: keys.insert(isNumber(field))
      case .strings(let strings): for string in strings { keys.insert(element(field, string)) }
      case .string, .bool: break
      }
    }
    return keys.sorted()
  }

  /// The field has exactly this value.
  static func key(_ field: String, _ value: MetadataValue) -> String {
    var hash: Hash
    switch value {
    case .string(let string):
      hash = Hash(.string, field)
      hash.add(string.utf8)
    case .number(let number):
      hash = Hash(.number, field)
      // Both zeros are one number.
      hash.add(number == 0 ? 0 : number.bitPattern)
    case .bool(let bool):
      hash = Hash(.bool, field)
      hash.add(CollectionOfOne(bool ? 1 : 0))
    case .strings(let strings):
      hash = Hash(.list, field)
      for string in strings {
        hash.add(UInt64(string.utf8.count))
        hash.add(string.utf8)
      }
    }
    return hash.text
  }

  /// The field is a list with this string in it.
  static func element(_ field: String, _ string: String) -> String {
    var hash = Hash(.element, field)
    hash.add(string.utf8)
    return hash.text
  }

  /// The field is a number.
  static func isNumber(_ field: String) -> String { Hash(.isNumber, field).text }

  /// FNV-1a of 128 bits (Fowler, Noll, Vo).
  private struct Hash {
    private var value: UInt128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d
    private static let prime: UInt128 = (1 << 88) + 0x13b

    init(_ kind: Kind, _ field: String) {
      add(CollectionOfOne(kind.rawValue))
      add(UInt64(field.utf8.count))
      add(field.utf8)
    }

    mutating func add(_ bytes: some Sequence<UInt8>) {
      for byte in bytes { value = (value ^ UInt128(byte)) &* Self.prime }
    }

    mutating func add(_ number: UInt64) {
      withUnsafeBytes(of: number.littleEndian) { add($0) }
    }

    var text: String {
      let digits = String(value, radix: 16)
      return String(repeating: "0", count: length - digits.count) + digits
    }
  }
}
