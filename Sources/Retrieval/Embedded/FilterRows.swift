import Foundation
import GRDB
import Synchronization

/// The rows that pass a filter, found by the index over metadata.
///
/// Rows never change: what was found for one stays true as long as it lives. So a result is kept and only
/// continued for the rows that came since; dead rows may be in it or not.
final class FilterCache: Sendable {
  private struct Entry {
    let filter: Filter
    /// The version of the collection that the rows were found in.
    let version: Int64
    let rows: RowSet
  }

  private let entries = Mutex<[Entry]>([])
  private static let capacity = 16

  /// - Returns: a set over all rows of the state, right for those that are live in it.
  func rows(
    passing filter: Filter, in state: RowsState, _ db: Database, _ sql: CollectionSQL
  ) throws -> RowSet {
    let found = entries.withLock { entries -> Entry? in
      guard let index = entries.firstIndex(where: { $0.filter.isSame(as: filter) }) else { return nil }
      let entry = entries.remove(at: index)
      entries.append(entry)
      return entry
    }
    // A newer result may lack rows that are still live in this older state.
    let usable = found.flatMap { $0.version <= state.version ? $0 : nil }
    if let usable, usable.rows.capacity == state.rowCount { return usable.rows }
    // Whole words are kept; the last, partial one is found again.
    let start = (usable?.rows.capacity ?? 0) / 64 * 64
    let query = FilterQuery(db: db, sql: sql, start: start, end: state.rowCount)
    let later = try query.rows(filter)
    let rows = usable.map { $0.rows.replacingWords(from: start / 64, by: later) } ?? later
    entries.withLock { entries in
      if let index = entries.firstIndex(where: { $0.filter.isSame(as: filter) }) {
        guard entries[index].version <= state.version else { return }
        entries.remove(at: index)
      }
      entries.append(Entry(filter: filter, version: state.version, rows: rows))
      if entries.count > Self.capacity { entries.removeFirst() }
    }
    return rows
  }
}

/// Evaluates a filter over the rows in `start..<end`.
private struct FilterQuery {
  let db: Database
  let sql: CollectionSQL
  let start: Int
  let end: Int

  func rows(_ filter: Filter) throws -> RowSet {
    switch filter {
    case .equals(let field, let value):
      return try equal([MetadataEntry(field: field, value: value)])
    case .oneOf(let field, let values):
      return try equal(values.map { MetadataEntry(field: field, value: $0) })
    case .has(let field, let string):
      let value = Data(string.utf8).databaseValue
      return try equal([
        MetadataEntry(field: field, kind: .string, value: value),
        MetadataEntry(field: field, kind: .element, value: value),
      ])
    case .compare(let field, let comparison, let bound):
      var set = RowSet(capacity: end)
      guard let statement = sql.entriesCompared[comparison] else { return set }
      try insert(
        statement, MetadataEntry(field: field, kind: .number, value: bound.databaseValue), into: &set)
      return set
    case .all(let filters):
      var set = RowSet(capacity: end)
      set.invert()
      for filter in filters { set.formIntersection(try rows(filter)) }
      return set
    case .any(let filters):
      var set = RowSet(capacity: end)
      for filter in filters { set.formUnion(try rows(filter)) }
      return set
    case .not(let filter):
      var set = try rows(filter)
      set.invert()
      return set
    }
  }

  private func equal(_ entries: [MetadataEntry]) throws -> RowSet {
    var set = RowSet(capacity: end)
    for entry in entries { try insert(sql.entriesEqual, entry, into: &set) }
    return set
  }

  private func insert(_ statement: String, _ entry: MetadataEntry, into set: inout RowSet) throws {
    let rows = try Int.fetchCursor(
      db.cachedStatement(sql: statement),
      arguments: [entry.field, entry.kind.rawValue, entry.value, start])
    while let row = try rows.next() { set.insert(row) }
  }
}
