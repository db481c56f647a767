import Foundation

/// The few file operations of this module, each with an error that names the path.
enum FileAccess {
  /// `folder/name`; the folder itself when `name` is empty.
  static func join(_ folder: String, _ name: String) -> String {
    if name.isEmpty { return folder }
    return folder.hasSuffix("/") ? folder + name : folder + "/" + name
  }

  static func isFolder(_ path: String) -> Bool { kind(path) == S_IFDIR }

  /// True for a regular file, also through symbolic links (hub caches are made of them).
  static func isFile(_ path: String) -> Bool { kind(path) == S_IFREG }

  private static func kind(_ path: String) -> mode_t? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return status.st_mode & S_IFMT
  }

  /// Opens a regular file, hands its descriptor and size in bytes to `body`, and closes it.
  static func withRegularFile<Result>(
    _ path: String, _ body: (_ descriptor: Int32, _ size: Int) throws(ModelFilesError) -> Result
  ) throws(ModelFilesError) -> Result {
    // Non-blocking, so that opening a named pipe cannot hang before it is refused below.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      let reason = errno
      guard reason == ENOENT || reason == ENOTDIR else {
        throw ModelFilesError(code: .unreadable, file: path, message: systemMessage(reason))
      }
      // An optional file that is absent is let be, so a cache's link to nothing must not look so.
      var status = stat()
      guard lstat(path, &status) != 0 else {
        throw ModelFilesError(
          code: .unreadable, file: path, message: "is a link to a file that is absent")
      }
      throw ModelFilesError(code: .notFound, file: path, message: "is absent")
    }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw ModelFilesError(code: .unreadable, file: path, message: systemMessage(errno))
    }
    guard status.st_mode & S_IFMT == S_IFREG, let size = Int(exactly: status.st_size), size >= 0
    else {
      throw ModelFilesError(code: .unreadable, file: path, message: "is not a regular file")
    }
    return try body(descriptor, size)
  }

  /// Reads a whole file of at most `limit` bytes.
  ///
  /// Configurations are read rather than mapped: a file cut short while it is mapped would kill the
  /// program, one cut short while it is read is merely malformed.
  static func read(_ path: String, limit: Int) throws(ModelFilesError) -> Data {
    try withRegularFile(path) { descriptor, size throws(ModelFilesError) in
      guard size <= limit else {
        throw ModelFilesError(
          code: .malformed, file: path, message: "has \(size) bytes; at most \(limit) are read")
      }
      var data = Data(count: size)
      var filled = 0
      while filled < size {
        let got = data.withUnsafeMutableBytes { buffer in
          guard let base = buffer.baseAddress else { return 0 }
          return Foundation.read(descriptor, base + filled, size - filled)
        }
        if got < 0 && errno == EINTR { continue }
        guard got >= 0 else {
          throw ModelFilesError(code: .unreadable, file: path, message: systemMessage(errno))
        }
        if got == 0 { break }
        filled += got
      }
      return data.prefix(filled)
    }
  }

  static func systemMessage(_ reason: Int32) -> String {
    String(cString: strerror(reason))
  }
}
