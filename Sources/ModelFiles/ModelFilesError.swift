/// The one error of this module: which file, which key or tensor in it, and what was expected.
public struct ModelFilesError: Error, CustomStringConvertible, Sendable, Equatable {
  public enum Code: Sendable, Equatable {
    /// A file or folder that is needed is absent.
    case notFound
    /// It is there, but the system does not let it be read.
    case unreadable
    /// It breaks its own format, or contradicts another file of the folder.
    case malformed
    /// It is well formed, but asks for something this program does not do.
    case unsupported
  }

  public let code: Code
  /// Path as the user would recognise it: the folder as given, then the file in it.
  public let file: String
  /// Key or tensor name inside the file, such as `hidden_size`.
  public let key: String?
  /// What was found, what was expected, and where it helps the remedy.
  public let message: String

  public init(code: Code, file: String, key: String? = nil, message: String) {
    self.code = code
    self.file = file
    self.key = key
    self.message = message
  }

  public var description: String {
    if let key { return "\(file): \(key): \(message)" }
    return "\(file): \(message)"
  }
}
