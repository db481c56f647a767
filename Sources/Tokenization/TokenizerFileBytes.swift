import ModelFiles

/// Reads a tokenizer's file whole: a file cut short while it is mapped would end the process.
enum TokenizerFileBytes {
  static let limit = 512 << 20

  /// - Throws: `unreadableModel` naming the path.
  static func read(_ path: String) throws(TokenizationError) -> [UInt8] {
    let file: MappedFile
    do {
      file = try MappedFile(path: path)
    } catch {
      throw TokenizationError(code: .unreadableModel, message: error.description)
    }
    guard file.count <= limit else {
      throw TokenizationError(
        code: .unreadableModel,
        message: "\(path): has \(file.count) bytes; tokenizer files of at most \(limit) are read")
    }
    return withExtendedLifetime(file) { Array(file.bytes) }
  }
}
