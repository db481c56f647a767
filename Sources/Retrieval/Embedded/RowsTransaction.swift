import Foundation
import GRDB

/// One transaction on a collection: changes the tables, appends rows, and ends with the new state.
///
/// Runs on the database's writer queue. Rows that it wrote before failing lie behind the published ones and
/// are written over by the next.
struct RowsTransaction: ~Copyable {
  private let db: Database
  private let collection: OpenCollection
  private(set) var state: RowsState
  private var touched: Set<Int> = []

  private var sql: CollectionSQL { collection.sql }
  private var segmentRows: Int { collection.layout.segmentRows }

  init(_ db: Database, _ collection: OpenCollection, state: RowsState) {
    self.db = db
    self.collection = collection
    self.state = state
  }

  // MARK: Documents

  /// - Returns: whether a document of this id was there.
  mutating func upsert(_ document: PreparedDocument, pending: inout [Int]) throws -> Bool {
    let old = try Int.fetchOne(
      db.cachedStatement(sql: sql.rowOfID), arguments: [document.id])
    if let old {
      // Rows of this call that are not written yet cannot be found: each id is in it once.
      if try isUnchanged(document, at: old) { return true }
      try remove(row: old)
    }
    try insert(document, pending: &pending)
    return old != nil
  }

  private func isUnchanged(_ document: PreparedDocument, at row: Int) throws -> Bool {
    let rows = try Row.fetchCursor(
      db.cachedStatement(sql: sql.contentsWithVector), arguments: [row])
    guard let found = try rows.next() else { return false }
    let parts = [document.id, document.title, document.text, document.metadata, document.vector]
    for (index, part) in parts.enumerated() {
      let isSame = try found.withUnsafeData(atIndex: index) { ($0 ?? Data()) == part }
      guard isSame else { return false }
    }
    return true
  }

  /// Gives the document the next row; its vector is among the call's encoded rows and is written by
  /// ``appendRows(_:_:)``.
  private mutating func insert(_ document: PreparedDocument, pending: inout [Int]) throws {
    let row = state.rowCount + pending.count
    try db.cachedStatement(sql: sql.insertDocument).execute(
      arguments: [row, document.id, document.title, document.text, document.metadata])
    try db.cachedStatement(sql: sql.insertVector).execute(arguments: [row, document.vector])
    for entry in document.entries {
      try db.cachedStatement(sql: sql.insertEntry).execute(
        arguments: [entry.field, entry.kind.rawValue, entry.value, row])
    }
    try db.cachedStatement(sql: sql.insertWords).execute(arguments: [row, document.words])
    pending.append(document.encoded)
  }

  /// - Returns: whether there was a document of this id.
  mutating func delete(id: String) throws -> Bool {
    let row = try Int.fetchOne(
      db.cachedStatement(sql: sql.rowOfID), arguments: [Data(id.utf8)])
    guard let row else { return false }
    try remove(row: row)
    return true
  }

  private mutating func remove(row: Int) throws {
    guard state.isLive(row, segmentRows: segmentRows),
      let document = try StoredDocument.fetch(db, sql, row: row, vector: false)
    else { throw RetrievalError.damaged("row \(row) has no document") }
    let content = document.document
    for entry in MetadataEntry.entries(of: content.metadata) {
      try db.cachedStatement(sql: sql.deleteEntry).execute(
        arguments: [entry.field, entry.kind.rawValue, entry.value, row])
    }
    try db.cachedStatement(sql: sql.deleteWords).execute(
      arguments: [row, PreparedDocument.words(title: content.title, text: content.text)])
    try db.cachedStatement(sql: sql.deleteVector).execute(arguments: [row])
    try db.cachedStatement(sql: sql.deleteDocument).execute(arguments: [row])
    touched.insert(state.setDead(row, segmentRows: segmentRows))
  }

  // MARK: Rows

  /// Writes rows of `encoded`, in the order of `indices`, behind those there are.
  mutating func appendRows(_ encoded: EncodedRows, _ indices: [Int]) throws {
    var index = 0
    while index < indices.count {
      let (number, local) = state.rowCount.quotientAndRemainder(dividingBy: segmentRows)
      // Rows that lie together in `encoded` and fit into this segment.
      var run = 1
      while index + run < indices.count, indices[index + run] == indices[index] + run,
        local + run < segmentRows
      { run += 1 }
      try openSegment(number)
      guard let files = state.segments[number].files else {
        throw RetrievalError.damaged("segment \(number) is not open")
      }
      let range = indices[index]..<(indices[index] + run)
      state.segments[number].digest &+= try files.write(encoded, range, at: local)
      state.segments[number].rows += run
      if local + run == segmentRows { state.segments[number].files = nil }
      for row in state.rowCount..<(state.rowCount + run) { state.setLive(row, segmentRows: segmentRows) }
      state.rowCount += run
      touched.insert(number)
      index += run
    }
  }

  /// Makes the files of the next segment once the last one is full.
  private mutating func openSegment(_ number: Int) throws(RetrievalError) {
    guard number == state.segments.count else { return }
    let files = try SegmentFiles(
      directory: collection.directory, segment: number, layout: collection.layout, rows: nil)
    state.segments.append(
      RowsState.Segment(
        mapped: try MappedSegment(files, layout: collection.layout), files: files,
        live: [UInt64](repeating: 0, count: segmentRows / 64)))
    // The segment before may have died while it was the last.
    if number > 0 { touched.insert(number - 1) }
  }

  // MARK: Cleaning

  /// Moves the live rows of a segment that is mostly dead to the end, at most `count`; the dead rows of a
  /// collection so stay fewer than its live ones and a segment, and no call does much.
  mutating func clean(atMost count: Int) throws {
    guard state.deadCount > state.documentCount + segmentRows else { return }
    let full = state.segments.indices.dropLast().filter { state.segments[$0].liveCount > 0 }
    guard let number = full.min(by: { state.segments[$0].liveCount < state.segments[$1].liveCount })
    else { return }
    let base = number * segmentRows
    let live = (base..<(base + segmentRows)).lazy.filter { [state, segmentRows] in
      state.isLive($0, segmentRows: segmentRows)
    }
    var encoded = EncodedRows(layout: collection.layout)
    var pending: [Int] = []
    for row in Array(live.prefix(count)) {
      guard let stored = try StoredDocument.fetch(db, sql, row: row, vector: true),
        stored.vector.count == collection.contract.dimension
      else { throw RetrievalError.damaged("row \(row) has no document") }
      let document = stored.document
      let moved = PreparedDocument(
        id: Data(document.id.utf8), title: Data(document.title.utf8), text: Data(document.text.utf8),
        metadata: MetadataCodec.encode(document.metadata),
        entries: MetadataEntry.entries(of: document.metadata),
        words: PreparedDocument.words(title: document.title, text: document.text),
        vector: stored.vector.withUnsafeBytes { Data($0) }, encoded: encoded.count)
      try remove(row: row)
      try insert(moved, pending: &pending)
      stored.vector.withUnsafeBufferPointer { encoded.append($0) }
    }
    try appendRows(encoded, pending)
  }

  // MARK: The end

  /// Records the new state in the tables.
  ///
  /// - Returns: segments without a live row, whose files can go once the transaction is committed.
  mutating func finish() throws -> [Int] {
    state.version += 1
    var emptied: [Int] = []
    for number in touched.sorted() {
      let segment = state.segments[number]
      if segment.liveCount == 0, segment.rows == segmentRows, number < state.segments.count - 1 {
        state.segments[number].mapped = nil
        state.segments[number].live = []
        emptied.append(number)
      }
      try db.cachedStatement(sql: sql.updateSegment).execute(
        arguments: [collection.key, number, segmentRows, Int64(bitPattern: segment.digest)])
    }
    try db.cachedStatement(sql: sql.updateCollection).execute(
      arguments: [state.version, state.rowCount, state.documentCount, collection.key])
    return emptied
  }
}
