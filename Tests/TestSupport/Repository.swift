import Foundation

/// Where tests find files of the repository; independent of the folder a test is started from.
public enum Repository {
  /// The folder that holds `Package.swift`.
  public static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A file or folder of the repository, such as `"Protocols/duri/v1/embeddings.proto"`.
  public static func url(_ path: String) -> URL { root.appending(path: path) }
}
