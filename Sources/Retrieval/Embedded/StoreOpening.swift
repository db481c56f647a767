import Foundation
import GRDB

/// The steps of opening a store; all of them block.
enum StoreOpening {
  static func database(
    _ directory: String, _ configuration: EmbeddedStore.Configuration
  ) throws -> DatabasePool {
    let path = directory + "/store.sqlite"
    try checkIsOurs(path)
    var settings = GRDB.Configuration()
    settings.label = "duri-store"
    settings.maximumReaderCount = max(1, configuration.readers)
    settings.busyMode = .timeout(5)
    settings.foreignKeysEnabled = false
    settings.prepareDatabase { db in
      try db.execute(sql: "PRAGMA page_size = 8192; PRAGMA cache_size = -32768")
    }
    let pool = try DatabasePool(path: path, configuration: settings)
    try pool.writeWithoutTransaction { db in
      // An acknowledged transaction survives a power failure as well; GRDB's own choice is NORMAL.
      try db.execute(
        sql: """
          PRAGMA synchronous = FULL;
          PRAGMA wal_autocheckpoint = 4096;
          PRAGMA journal_size_limit = 67108864
          """)
      try Schema.prepare(db, path: path)
    }
    return pool
  }

  /// Refuses another program's database before anything is written to it.
  private static func checkIsOurs(_ path: String) throws {
    let log = (try? FileManager.default.attributesOfItem(atPath: path + "-wal"))?[.size] as? Int
    let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
    // With a log the file's own header may be old; it is read through the pool then, which changes nothing.
    guard let size, size > 0, log ?? 0 == 0 else { return }
    var settings = GRDB.Configuration()
    settings.readonly = true
    _ = try DatabaseQueue(path: path, configuration: settings).read { db in
      try Schema.check(db, path: path)
    }
  }

  static func collections(
    _ directory: String, _ pool: DatabasePool, _ configuration: EmbeddedStore.Configuration,
    _ threads: SearchThreads
  ) throws -> [Int64: OpenCollection] {
    let parent = rowsDirectory(directory)
    try makeDirectory(parent)
    var opened: [Int64: OpenCollection] = [:]
    try pool.write { db in
      for record in try CollectionRecord.fetchAll(db) {
        let layout = RowLayout(
          dimension: record.contract.dimension, segmentRows: configuration.segmentRows)
        let rows = rowsDirectory(directory, key: record.key)
        let recovery = RowsRecovery(db: db, key: record.key, layout: layout, directory: rows)
        opened[record.key] = OpenCollection(
          key: record.key, contract: record.contract, layout: layout, directory: rows, threads: threads,
          state: try recovery.state(
            version: record.version, rows: record.rows, documents: record.documents))
        if record.lexical != lexicalTokensVersion { try remakeWords(db, key: record.key) }
      }
    }
    // What a collection dropped just before the end left behind.
    let known = Set(opened.keys.map(String.init))
    for name in (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    where !known.contains(name) {
      try? FileManager.default.removeItem(atPath: parent + "/" + name)
    }
    return opened
  }

  /// Makes the index over words anew: other tokens than today's cannot be deleted from it.
  private static func remakeWords(_ db: Database, key: Int64) throws {
    let sql = CollectionSQL(key: key)
    try db.execute(sql: sql.deleteAllWords)
    let rows = try Row.fetchCursor(db, sql: sql.allContents)
    while let row = try rows.next() {
      let number: Int64 = row[0]
      let words = PreparedDocument.words(
        title: try StoredDocument.text(row, 1), text: try StoredDocument.text(row, 2))
      try db.cachedStatement(sql: sql.insertWords).execute(arguments: [number, words])
    }
    try db.execute(
      sql: "UPDATE collections SET lexical = ? WHERE key = ?", arguments: [lexicalTokensVersion, key])
  }

  static func rowsDirectory(_ directory: String) -> String { directory + "/rows" }

  static func rowsDirectory(_ directory: String, key: Int64) -> String { "\(directory)/rows/\(key)" }
}
