import GRDB
import Synchronization

/// Keeps the log of a busy store from growing for ever.
///
/// SQLite begins the log anew only at a moment when nobody reads from it. Where searches follow each other
/// without a gap there is none, so from time to time the writer waits for it.
final class WriteAheadLog: Sendable {
  /// Documents written since the log was looked at.
  private let documents = Mutex(0)
  private static let interval = 16_384
  /// Pages of 8 KiB: half a gigabyte.
  private static let longest = 65_536

  /// Called on the writer's queue after a commit. A failure changes nothing: it is tried again later.
  func wrote(_ count: Int, _ db: Database) {
    let isDue = documents.withLock { sum in
      sum += count
      guard sum >= Self.interval else { return false }
      sum = 0
      return true
    }
    guard isDue, let state = try? db.checkpoint(.passive), state.walFrameCount > Self.longest else { return }
    _ = try? db.checkpoint(.restart)
  }
}
