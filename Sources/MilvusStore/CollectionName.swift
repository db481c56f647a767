import Retrieval

/// Collections' names as Milvus allows them: letters, digits and underscores, at most 255.
///
/// `duri_` stands before the name, `__` for an underscore and `_h` for a hyphen; so every name of Milvus
/// stands for one name at most.
enum CollectionName {
  static let prefix = "duri_"
  private static let maximumBytes = 255

  /// - Parameter name: a valid collection name.
  /// - Throws: `invalidArgument` if it becomes too long.
  static func encode(_ name: String) throws(RetrievalError) -> String {
    let encoded =
      prefix + name.replacing("_", with: "__").replacing("-", with: "_h")
    guard encoded.utf8.count <= maximumBytes else {
      throw RetrievalError(
        .invalidArgument,
        "the collection's name becomes \(encoded.utf8.count) bytes on Milvus, at most \(maximumBytes) "
          + "(each _ and - counts twice): give a shorter one")
    }
    return encoded
  }

  /// The name that ``encode(_:)`` made `encoded` of; nil for any other text.
  static func decode(_ encoded: String) -> String? {
    guard encoded.hasPrefix(prefix) else { return nil }
    var name = ""
    var rest = encoded.dropFirst(prefix.count)
    while let character = rest.popFirst() {
      guard character == "_" else {
        name.append(character)
        continue
      }
      switch rest.popFirst() {
      case "_": name.append("_")
      case "h": name.append("-")
      default: return nil
      }
    }
    return name
  }
}
