import Foundation
import GRDB

extension EmbeddedStore {
  @discardableResult
  public func createCollection(
    _ name: String, contract: CollectionContract
  ) async throws(RetrievalError) -> CollectionInfo {
    try checkCollectionName(name)
    try contract.checkDimension()
    return try await write { db in
      var made: OpenCollection?
      do {
        try db.inTransaction(.immediate) {
          made = try self.create(db, name, contract)
          return .commit
        }
      } catch {
        if let made { self.remove(made.key) }
        throw error
      }
      return CollectionInfo(name: name, contract: contract, count: 0)
    }
  }

  private func create(
    _ db: Database, _ name: String, _ contract: CollectionContract
  ) throws -> OpenCollection {
    if try CollectionRecord.find(db, name: name) != nil {
      throw RetrievalError(
        .alreadyExists, "there is a collection '\(name)': give another name, or drop it first")
    }
    try db.execute(
      sql: "INSERT INTO collections(name, contract, lexical) VALUES(?, ?, ?)",
      arguments: [Data(name.utf8), try JSONEncoder().encode(contract), lexicalTokensVersion])
    let key = db.lastInsertedRowID
    try db.execute(sql: CollectionSQL(key: key).create)
    let rows = StoreOpening.rowsDirectory(directory, key: key)
    // One is there if a collection of this key was being made when the process ended.
    try? FileManager.default.removeItem(atPath: rows)
    try makeDirectory(rows)
    let collection = OpenCollection(
      key: key, contract: contract,
      layout: RowLayout(dimension: contract.dimension, segmentRows: configuration.segmentRows),
      directory: rows, threads: threads, state: RowsState(version: 0))
    // Known before the commit: a reader that sees the collection finds it.
    add(collection)
    return collection
  }

  public func dropCollection(_ name: String) async throws(RetrievalError) {
    try await write { db in
      var key: Int64 = 0
      try db.inTransaction(.immediate) {
        key = try CollectionRecord.fetch(db, name: name).key
        try db.execute(sql: CollectionSQL(key: key).drop)
        try db.execute(sql: "DELETE FROM segments WHERE collection = ?", arguments: [key])
        try db.execute(sql: "DELETE FROM collections WHERE key = ?", arguments: [key])
        return .commit
      }
      let dropped = self.remove(key)
      // Files that cannot be deleted now are when the store is opened.
      if let dropped { try? FileManager.default.removeItem(atPath: dropped.directory) }
    }
  }

  public func collections() async throws(RetrievalError) -> [CollectionInfo] {
    try await read { db in try CollectionRecord.fetchAll(db).map(\.info) }
  }

  public func collection(_ name: String) async throws(RetrievalError) -> CollectionInfo {
    try await read { db in try CollectionRecord.fetch(db, name: name).info }
  }
}
