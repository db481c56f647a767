import Foundation
import Retrieval
import SwiftProtobuf
import Synchronization

/// Collections on a Milvus server: standalone, a cluster, or Milvus Lite's server.
///
/// Each collection of the store is one of Milvus, with the documents, their vectors (index FLAT: searches
/// are exact whatever the request's method) and what is needed to filter and to search by words. Reads are
/// of consistency Strong: what an awaited call wrote is found. Several processes may share a server.
///
/// It differs from the embedded store in what Milvus cannot do: a title and a text have at most 65,535 bytes
/// each, the metadata 65,535 bytes as JSON and 4,096 keys, a collection's name 250 bytes with each `_` and `-`
/// counted twice; a call of many documents is stored in parts of about 24 MiB, each whole or not at all; and
/// where more than 16,384 documents have a query's best scores, which of them are found is Milvus' choice.
public final class MilvusStore: CollectionStore {
  let connection: MilvusConnection
  let writers = WriteQueue()
  /// By collection: how many documents it had, and the mean of their words.
  let wordStatistics = Mutex<[String: (documents: Int, average: Double)]>([:])

  var address: MilvusAddress { connection.address }

  /// Connects.
  ///
  /// - Parameter url: `milvus://[user:password@]host[:port][/database]`.
  /// - Throws: `invalidArgument` for the address or the database; `storage` naming the address if no Milvus
  ///   answers there, or refuses the user.
  public static func open(_ url: String) async throws(RetrievalError) -> MilvusStore {
    let store = MilvusStore(try MilvusAddress(url))
    do throws(RetrievalError) {
      _ = try await store.names(.probe)
    } catch {
      await store.close()
      throw error
    }
    return store
  }

  private init(_ address: MilvusAddress) {
    connection = MilvusConnection(address: address)
  }

  public func close() async { await connection.close() }

  // MARK: Calls

  func call<Reply: Message & MilvusReply>(
    _ method: String, _ request: some Message, _ manner: MilvusConnection.Manner
  ) async throws(RetrievalError) -> Reply {
    do throws(MilvusError) {
      return try await connection.call(method, request, manner)
    } catch {
      throw error.retrievalError
    }
  }

  /// A call on a collection's documents; loads the collection into the server's memory where it is not.
  func call<Reply: Message & MilvusReply>(
    _ method: String, _ request: some Message, on collection: StoredCollection
  ) async throws(RetrievalError) -> Reply {
    do throws(MilvusError) {
      return try await connection.call(method, request, .data)
    } catch {
      switch error.kind {
      case .notLoaded: break
      case .notFound: throw Self.notFound(collection.name)
      default: throw error.retrievalError
      }
    }
    try await load(collection.milvusName)
    return try await call(method, request, .data)
  }

  static func notFound(_ name: String) -> RetrievalError {
    RetrievalError(.notFound, "there is no collection '\(name)': make it first")
  }

  /// Refuses to begin in a task that was cancelled.
  func checkCancellation() throws(RetrievalError) {
    if Task.isCancelled { throw RetrievalError(.cancelled, "the operation was cancelled") }
  }

  /// Runs `body` as its collection's only writer in this process.
  func writing<Result: Sendable>(
    _ name: String, _ body: () async throws(RetrievalError) -> Result
  ) async throws(RetrievalError) -> Result {
    await writers.enter(name)
    do throws(RetrievalError) {
      try checkCancellation()
      let result = try await body()
      await writers.leave(name)
      return result
    } catch {
      await writers.leave(name)
      throw error
    }
  }
}

/// A collection of the store as it is found on the server.
struct StoredCollection: Sendable {
  let name: String
  let milvusName: String
  let contract: CollectionContract
}
