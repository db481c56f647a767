import Dispatch
import Foundation
import GRDB
import Synchronization

/// A store in one directory: an SQLite database, and mapped files of rows derived from it.
///
/// The database (write-ahead log, synchronous FULL) holds documents, vectors, the index over metadata and
/// that over words; a call is one transaction. Searches by vectors read the mapped rows, which the database
/// vouches for with a digest and which are made anew when a store is opened and they do not fit.
///
/// One store at a time has a directory. Database work runs on GRDB's queues, searches there and on the
/// store's threads, never on Swift's cooperative pool.
public final class EmbeddedStore: CollectionStore {
  public struct Configuration: Sendable {
    /// Threads of one search.
    public var searchThreads = ProcessInfo.processInfo.activeProcessorCount
    /// Reading calls at once; more wait.
    public var readers = 8
    /// Rows a segment, a multiple of 64.
    package var segmentRows = 65_536

    public init() {}
  }

  /// Where the store lies.
  public let directory: String
  let configuration: Configuration
  /// nil once the store is closed.
  private let lock: Mutex<DirectoryLock?>
  let pool: DatabasePool
  let threads: SearchThreads
  private let opened: Mutex<[Int64: OpenCollection]>
  private let isClosed = Mutex(false)
  let log = WriteAheadLog()
  /// For work that is neither SQLite's nor a search: preparing documents, opening, closing.
  private let queue: DispatchQueue

  /// Opens the store in a directory, or makes one.
  ///
  /// - Throws: `storage` if the directory cannot be written, is open elsewhere, or holds another
  ///   program's or a damaged database.
  public static func open(
    directory: String, configuration: Configuration = Configuration()
  ) async throws(RetrievalError) -> EmbeddedStore {
    let queue = DispatchQueue(label: "duri.store", attributes: .concurrent)
    return try await run(on: queue) { () throws(RetrievalError) in
      do {
        return try EmbeddedStore(directory: directory, configuration: configuration, queue: queue)
      } catch {
        throw RetrievalError(storage: error, at: directory)
      }
    }
  }

  private init(directory: String, configuration: Configuration, queue: DispatchQueue) throws {
    try makeDirectory(directory)
    let lock = try DirectoryLock(directory: directory)
    self.lock = Mutex(lock)
    self.directory = directory
    self.configuration = configuration
    self.queue = queue
    threads = SearchThreads(count: configuration.searchThreads)
    pool = try StoreOpening.database(directory, configuration)
    opened = Mutex(
      try StoreOpening.collections(directory, pool, configuration, threads))
  }

  public func close() async {
    let wasClosed = isClosed.withLock { closed in
      defer { closed = true }
      return closed
    }
    guard !wasClosed else { return }
    _ = try? await Self.run(on: queue) { [pool] () throws(RetrievalError) in
      // Waits for the calls that are running. What fails here is the log's last transfer into the
      // database; it is made when the store is opened again.
      try? pool.close()
    }
    opened.withLock { $0.removeAll() }
    lock.withLock { $0 = nil }
  }

  // MARK: Ways into the database

  /// Runs blocking work on a queue of threads.
  static func run<Result: Sendable>(
    on queue: DispatchQueue, _ body: @escaping @Sendable () throws(RetrievalError) -> Result
  ) async throws(RetrievalError) -> Result {
    let result = await withCheckedContinuation { continuation in
      queue.async {
        let result: Swift.Result<Result, RetrievalError>
        do throws(RetrievalError) {
          result = .success(try body())
        } catch {
          result = .failure(error)
        }
        continuation.resume(returning: result)
      }
    }
    return try result.get()
  }

  func prepare<Result: Sendable>(
    _ body: @escaping @Sendable () throws(RetrievalError) -> Result
  ) async throws(RetrievalError) -> Result {
    try await Self.run(on: queue, body)
  }

  /// Runs `body` on the writer's queue.
  func write<Result: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Result
  ) async throws(RetrievalError) -> Result {
    try checkOpen()
    do {
      return try await pool.writeWithoutTransaction(body)
    } catch {
      throw RetrievalError(storage: error, at: directory)
    }
  }

  /// Runs `body` on a reader's queue, within one snapshot of the database.
  func read<Result: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Result
  ) async throws(RetrievalError) -> Result {
    try checkOpen()
    do {
      return try await pool.read(body)
    } catch {
      throw RetrievalError(storage: error, at: directory)
    }
  }

  /// Runs `body` on a reader's queue with the rows that go with its snapshot of the database.
  func read<Result: Sendable>(
    _ name: String,
    _ body: @escaping @Sendable (Database, OpenCollection, RowsState) throws -> Result
  ) async throws(RetrievalError) -> Result {
    while true {
      let result = try await read { db -> Result? in
        let record = try CollectionRecord.fetch(db, name: name)
        guard let collection = self.openCollection(record.key),
          let state = collection.state(version: record.version)
        else { return nil }
        return try body(db, collection, state)
      }
      // nil: many commits passed between the two look-ups, or the collection was dropped.
      if let result { return result }
    }
  }

  private func checkOpen() throws(RetrievalError) {
    if isClosed.withLock({ $0 }) {
      throw RetrievalError(.storage, "the store at \(directory) is closed: open it again")
    }
  }

  // MARK: Open collections

  func openCollection(_ key: Int64) -> OpenCollection? { opened.withLock { $0[key] } }

  func add(_ collection: OpenCollection) { opened.withLock { $0[collection.key] = collection } }

  @discardableResult
  func remove(_ key: Int64) -> OpenCollection? { opened.withLock { $0.removeValue(forKey: key) } }
}
