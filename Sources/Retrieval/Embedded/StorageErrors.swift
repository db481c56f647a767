import Foundation
import GRDB

extension RetrievalError {
  /// What SQLite, the system or a cancelled task reported, as the store's error; never with values of
  /// documents.
  init(storage error: any Error, at path: String) {
    switch error {
    case let error as RetrievalError:
      self = error
    case is CancellationError:
      self.init(.cancelled, "the operation was cancelled")
    case let error as DatabaseError:
      self = Self.make(error, path)
    default:
      self.init(.storage, "the store at \(path) failed: \(error)")
    }
  }

  private static func make(_ error: DatabaseError, _ path: String) -> RetrievalError {
    let remedy: String
    switch error.resultCode {
    case .SQLITE_INTERRUPT, .SQLITE_ABORT: return RetrievalError(.cancelled, "the operation was cancelled")
    case .SQLITE_FULL: remedy = "free space on its disk"
    case .SQLITE_IOERR: remedy = "see whether its disk is full or failing"
    case .SQLITE_CORRUPT: remedy = "the file is damaged: put back a copy of it"
    case .SQLITE_NOTADB: remedy = "the file is not a database: move it away or give another directory"
    case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM: remedy = "make the directory writable"
    case .SQLITE_BUSY, .SQLITE_LOCKED: remedy = "end the other process that has the file open"
    case .SQLITE_TOOBIG: remedy = "split the document"
    case .SQLITE_MISUSE: remedy = "the store is closed"
    default: remedy = "see the code"
    }
    return RetrievalError(
      .storage,
      "the database at \(path): \(error.message ?? "no message") "
        + "(SQLite \(error.extendedResultCode.rawValue)); \(remedy)")
  }

  /// A failed system call on a file.
  static func system(_ operation: String, _ path: String, code: Int32 = errno) -> RetrievalError {
    let reason = String(cString: strerror(code))
    let remedy =
      switch code {
      case ENOSPC, EDQUOT, EFBIG: "free space, or raise the limit on files"
      case EACCES, EPERM, EROFS: "make the directory writable"
      case ENOTDIR, ENOENT: "give a directory that can be made"
      default: "see the system's log"
      }
    return RetrievalError(.storage, "cannot \(operation) \(path): \(reason); \(remedy)")
  }

  /// A record that the store itself cannot have written.
  static func damaged(_ what: String) -> RetrievalError {
    RetrievalError(.storage, "the database is damaged: \(what); put back a copy of it")
  }
}
