import Foundation
import GRDB

/// The tables of the database.
///
/// Names and texts are blobs of UTF-8: compared by their bytes, and a NUL inside does no harm.
enum Schema {
  /// "Duri", so that another program's database is not taken for a store.
  static let applicationID: Int32 = 0x4475_7269
  static let version = 1

  /// Makes the tables in an empty database; refuses one that is not a store's.
  static func prepare(_ db: Database, path: String) throws {
    if try check(db, path: path) { try create(db) }
  }

  /// - Returns: whether the database is empty.
  /// - Throws: `storage` for another program's, or another version's.
  @discardableResult
  static func check(_ db: Database, path: String) throws -> Bool {
    let application = try Int32.fetchOne(db, sql: "PRAGMA application_id") ?? 0
    let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
    let tables =
      try Int.fetchOne(
        db, sql: "SELECT count(*) FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'") ?? 0
    if application == 0, found == 0, tables == 0 { return true }
    guard application == applicationID else {
      throw RetrievalError(
        .storage, "\(path) is the database of another program: give the store a directory of its own")
    }
    guard found == version else {
      throw RetrievalError(
        .storage, "\(path) has format \(found), this version reads \(version): use the version that wrote it")
    }
    return false
  }

  private static func create(_ db: Database) throws {
    try db.inTransaction(.immediate) {
      try db.execute(
        sql: """
          CREATE TABLE collections(
            key INTEGER PRIMARY KEY AUTOINCREMENT,
            name BLOB NOT NULL UNIQUE,
            contract BLOB NOT NULL,
            lexical INTEGER NOT NULL,
            version INTEGER NOT NULL DEFAULT 0,
            rows INTEGER NOT NULL DEFAULT 0,
            documents INTEGER NOT NULL DEFAULT 0);
          CREATE TABLE segments(
            collection INTEGER NOT NULL,
            number INTEGER NOT NULL,
            size INTEGER NOT NULL,
            digest INTEGER NOT NULL,
            PRIMARY KEY(collection, number)) WITHOUT ROWID;
          PRAGMA application_id = \(applicationID);
          PRAGMA user_version = \(version);
          """)
      return .commit
    }
  }
}

/// The statements on one collection's own tables; `key` is the database's number, never a user's text.
struct CollectionSQL: Sendable {
  let create: String
  let drop: String
  let rowOfID: String
  let idOfRow: String
  let contents: String
  let contentsWithVector: String
  let insertDocument: String
  let deleteDocument: String
  let insertVector: String
  let deleteVector: String
  let insertEntry: String
  let deleteEntry: String
  let insertWords: String
  let deleteWords: String
  let deleteAllWords: String
  let allRows: String
  let allContents: String
  let idsAfter: String
  let vectorsOfRows: String
  let entriesEqual: String
  let entriesCompared: [Filter.Comparison: String]
  let matches: String
  let updateCollection = "UPDATE collections SET version = ?, rows = ?, documents = ? WHERE key = ?"
  let updateSegment = """
    INSERT INTO segments(collection, number, size, digest) VALUES(?, ?, ?, ?)
    ON CONFLICT(collection, number) DO UPDATE SET size = excluded.size, digest = excluded.digest
    """

  init(key: Int64) {
    let (documents, ids, vectors) = ("documents_\(key)", "ids_\(key)", "vectors_\(key)")
    let (entries, words) = ("entries_\(key)", "words_\(key)")
    create = """
      CREATE TABLE \(documents)(
        row INTEGER PRIMARY KEY, id BLOB NOT NULL, title BLOB NOT NULL, text BLOB NOT NULL,
        metadata BLOB NOT NULL);
      CREATE UNIQUE INDEX \(ids) ON \(documents)(id);
      CREATE TABLE \(vectors)(row INTEGER PRIMARY KEY, vector BLOB NOT NULL);
      CREATE TABLE \(entries)(
        field TEXT NOT NULL, kind INTEGER NOT NULL, value NOT NULL, row INTEGER NOT NULL,
        PRIMARY KEY(field, kind, value, row)) WITHOUT ROWID;
      CREATE VIRTUAL TABLE \(words) USING fts5(words, content='', tokenize='ascii');
      """
    drop = """
      DROP TABLE \(documents); DROP TABLE \(vectors); DROP TABLE \(entries); DROP TABLE \(words);
      """
    rowOfID = "SELECT row FROM \(documents) WHERE id = ?"
    idOfRow = "SELECT id FROM \(documents) WHERE row = ?"
    contents = "SELECT id, title, text, metadata FROM \(documents) WHERE row = ?"
    contentsWithVector = """
      SELECT id, title, text, metadata, vector FROM \(documents) JOIN \(vectors) USING(row) WHERE row = ?
      """
    insertDocument = "INSERT INTO \(documents)(row, id, title, text, metadata) VALUES(?, ?, ?, ?, ?)"
    deleteDocument = "DELETE FROM \(documents) WHERE row = ?"
    insertVector = "INSERT INTO \(vectors)(row, vector) VALUES(?, ?)"
    deleteVector = "DELETE FROM \(vectors) WHERE row = ?"
    insertEntry = "INSERT INTO \(entries)(field, kind, value, row) VALUES(?, ?, ?, ?)"
    deleteEntry = "DELETE FROM \(entries) WHERE field = ? AND kind = ? AND value = ? AND row = ?"
    insertWords = "INSERT INTO \(words)(rowid, words) VALUES(?, ?)"
    deleteWords = "INSERT INTO \(words)(\(words), rowid, words) VALUES('delete', ?, ?)"
    deleteAllWords = "INSERT INTO \(words)(\(words)) VALUES('delete-all')"
    allRows = "SELECT row FROM \(documents) INDEXED BY \(ids) WHERE id >= x''"
    allContents = "SELECT row, title, text FROM \(documents)"
    idsAfter = "SELECT id, row FROM \(documents) INDEXED BY \(ids) WHERE id > ? ORDER BY id"
    vectorsOfRows = "SELECT row, vector FROM \(vectors) WHERE row >= ? AND row < ? ORDER BY row"
    let entry = "SELECT row FROM \(entries) WHERE field = ? AND kind = ? AND value"
    entriesEqual = "\(entry) = ? AND row >= ?"
    entriesCompared = Dictionary(
      uniqueKeysWithValues: Filter.Comparison.allCases.map { ($0, "\(entry) \($0.rawValue) ? AND row >= ?") })
    matches = "SELECT rowid, bm25(\(words)) FROM \(words) WHERE \(words) MATCH ?"
  }
}
