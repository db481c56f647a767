import Foundation

/// Keeps a second process (or a second store of this one) out of a directory; the system lets go of the
/// lock when the process ends, however it ends.
final class DirectoryLock: Sendable {
  private let descriptor: Int32

  /// - Throws: `storage` if another holds the directory, or it cannot be written.
  init(directory: String) throws(RetrievalError) {
    let path = directory + "/lock"
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("open", path) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(descriptor)
      guard code == EWOULDBLOCK else { throw .system("lock", path, code: code) }
      throw RetrievalError(
        .storage,
        "the store at \(directory) is open in another process: stop it, or give another directory")
    }
  }

  deinit {
    // Closing alone would not do: a child being started holds a copy of the descriptor for a moment.
    flock(descriptor, LOCK_UN)
    close(descriptor)
  }
}
