import Foundation
import GRDB

/// A collection's line in the database.
struct CollectionRecord {
  let key: Int64
  let name: String
  let contract: CollectionContract
  let lexical: Int
  let version: Int64
  let rows: Int
  let documents: Int

  var info: CollectionInfo { CollectionInfo(name: name, contract: contract, count: documents) }

  private static let select =
    "SELECT key, name, contract, lexical, version, rows, documents FROM collections"

  private init(_ row: Row) throws {
    key = row[0]
    name = try StoredDocument.text(row, 1)
    guard let found = try? JSONDecoder().decode(CollectionContract.self, from: row[2] as Data),
      (1...CollectionLimits.dimension).contains(found.dimension)
    else { throw RetrievalError.damaged("a collection's contract cannot be read") }
    contract = found
    lexical = row[3]
    version = row[4]
    rows = row[5]
    documents = row[6]
  }

  /// Every collection, in the order of their names.
  static func fetchAll(_ db: Database) throws -> [CollectionRecord] {
    let rows = try Row.fetchCursor(db, sql: select + " ORDER BY name")
    var records: [CollectionRecord] = []
    while let row = try rows.next() { records.append(try CollectionRecord(row)) }
    return records
  }

  static func find(_ db: Database, name: String) throws -> CollectionRecord? {
    let rows = try Row.fetchCursor(
      db.cachedStatement(sql: select + " WHERE name = ?"), arguments: [Data(name.utf8)])
    return try rows.next().map { try CollectionRecord($0) }
  }

  /// - Throws: `notFound`.
  static func fetch(_ db: Database, name: String) throws -> CollectionRecord {
    guard let record = try find(db, name: name) else {
      throw RetrievalError(
        .notFound, "there is no collection '\(name.prefix(CollectionLimits.nameBytes))': make it first")
    }
    return record
  }
}
