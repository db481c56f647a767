import Foundation
import GRDB

extension EmbeddedStore {
  @discardableResult
  public func upsert(
    _ documents: [EmbeddedDocument], into name: String, origin: VectorOrigin
  ) async throws(RetrievalError) -> UpsertOutcome {
    let (key, contract) = try await read { db in
      let record = try CollectionRecord.fetch(db, name: name)
      return (record.key, record.contract)
    }
    let layout = RowLayout(dimension: contract.dimension, segmentRows: configuration.segmentRows)
    let prepared = try await prepare { () throws(RetrievalError) in
      try PreparedDocuments(documents, origin: origin, contract: contract, layout: layout)
    }
    guard !prepared.documents.isEmpty else { return UpsertOutcome(inserted: 0, replaced: 0) }
    return try await change(name, key: key, documents: documents.count) { transaction in
      var outcome = UpsertOutcome(inserted: 0, replaced: 0)
      var pending: [Int] = []
      for document in prepared.documents {
        if try transaction.upsert(document, pending: &pending) {
          outcome.replaced += 1
        } else {
          outcome.inserted += 1
        }
      }
      try transaction.appendRows(prepared.rows, pending)
      try transaction.clean(atMost: Self.moves(documents.count))
      return outcome
    }
  }

  public func delete(ids: [String], from name: String) async throws(RetrievalError) -> Int {
    try await change(name, key: nil, documents: ids.count) { transaction in
      var removed = 0
      for id in ids where try transaction.delete(id: id) { removed += 1 }
      try transaction.clean(atMost: Self.moves(removed))
      return removed
    }
  }

  /// Rows that a call may move so that dead ones do not pile up: more than it makes dead.
  private static func moves(_ documents: Int) -> Int { max(64, documents * 2) }

  /// Changes a collection in one transaction; on an error nothing has changed.
  ///
  /// - Parameter key: that the collection must have; another one was made under its name meanwhile
  ///   otherwise.
  private func change<Result: Sendable>(
    _ name: String, key: Int64?, documents: Int,
    _ body: @escaping @Sendable (inout RowsTransaction) throws -> Result
  ) async throws(RetrievalError) -> Result {
    try await write { db in
      var published: (OpenCollection, Int64)?
      var emptied: [Int] = []
      var result: Result?
      do {
        try db.inTransaction(.immediate) {
          let record = try CollectionRecord.fetch(db, name: name)
          guard let collection = self.openCollection(record.key),
            key ?? record.key == record.key,
            let state = collection.state(version: record.version)
          else {
            throw RetrievalError(.notFound, "the collection '\(name)' was dropped: make it first")
          }
          var transaction = RowsTransaction(db, collection, state: state)
          result = try body(&transaction)
          emptied = try transaction.finish()
          // Before the commit: a reader that sees the new version finds its rows.
          collection.publish(transaction.state)
          published = (collection, transaction.state.version)
          return .commit
        }
      } catch {
        if let (collection, version) = published { collection.withdraw(version: version) }
        throw error
      }
      published?.0.removeFiles(of: emptied)
      self.log.wrote(documents, db)
      guard let result else { throw RetrievalError.damaged("a transaction without a result") }
      return result
    }
  }

  public func get(
    ids: [String], from name: String, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument?] {
    try await read(name) { db, collection, _ in
      let sql = collection.sql
      return try ids.map { id in
        let row = try Int.fetchOne(
          db.cachedStatement(sql: sql.rowOfID), arguments: [Data(id.utf8)])
        return try row.flatMap { try StoredDocument.fetch(db, sql, row: $0, vector: vectors) }
      }
    }
  }

  public func list(
    _ name: String, filter: Filter?, limit: Int, after: String?, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument] {
    try checkCount(limit, in: 1...CollectionLimits.pageDocuments, of: "the page's limit")
    try filter?.check()
    return try await read(name) { db, collection, state in
      let sql = collection.sql
      let passing = try filter.map { try collection.filters.rows(passing: $0, in: state, db, sql) }
      let cursor = try Row.fetchCursor(
        db.cachedStatement(sql: sql.idsAfter), arguments: [Data((after ?? "").utf8)])
      var documents: [EmbeddedDocument] = []
      while documents.count < limit, let found = try cursor.next() {
        let row: Int = found[1]
        guard passing?.contains(row) ?? true else { continue }
        guard let document = try StoredDocument.fetch(db, sql, row: row, vector: vectors) else {
          throw RetrievalError.damaged("row \(row) has no document")
        }
        documents.append(document)
      }
      return documents
    }
  }

  public func vectors(
    _ name: String, filter: Filter?, limit: Int
  ) async throws(RetrievalError) -> VectorTable {
    try filter?.check()
    return try await read(name) { db, collection, state in
      let sql = collection.sql
      let dimension = collection.contract.dimension
      let size = collection.layout.segmentRows
      let passing = try filter.map { try collection.filters.rows(passing: $0, in: state, db, sql) }
      var table = VectorTable(ids: [], values: [], dimension: dimension)
      let cursor = try Row.fetchCursor(
        db.cachedStatement(sql: sql.idsAfter), arguments: [Data()])
      while let found = try cursor.next() {
        let row: Int = found[1]
        guard passing?.contains(row) ?? true else { continue }
        guard table.ids.count < limit else {
          throw RetrievalError(
            .invalidArgument, "more than \(limit) documents pass: give a narrower filter or a higher limit")
        }
        let (number, local) = row.quotientAndRemainder(dividingBy: size)
        guard state.isLive(row, segmentRows: size), let mapped = state.segments[number].mapped else {
          throw RetrievalError.damaged("row \(row) has no vector")
        }
        table.ids.append(try StoredDocument.text(found, 0))
        let vectors = mapped.vectors(rows: local + 1)
        table.values.append(contentsOf: vectors[(local * dimension)..<((local + 1) * dimension)])
      }
      return table
    }
  }
}
