import Foundation
import GRDB

/// Brings the row files of a collection in line with the database when a store is opened.
///
/// Files are taken as they are if their digest is the one recorded with the last transaction; anything else
/// (missing, cut, scribbled over, lost with a power failure) is made anew from the stored vectors.
struct RowsRecovery {
  let db: Database
  let key: Int64
  let layout: RowLayout
  let directory: String

  /// Rows encoded at once when a segment is made anew.
  private static let chunk = 1_024

  /// - Parameters:
  ///   - rows: row numbers given so far.
  ///   - documents: live rows.
  func state(version: Int64, rows: Int, documents: Int) throws -> RowsState {
    let size = layout.segmentRows
    guard rows >= 0, documents >= 0, documents <= rows else {
      throw RetrievalError.damaged("a collection of \(rows) rows has \(documents) documents")
    }
    var state = RowsState(version: version, rowCount: rows)
    for start in stride(from: 0, to: rows, by: size) {
      state.segments.append(
        RowsState.Segment(
          rows: min(size, rows - start), live: [UInt64](repeating: 0, count: size / 64)))
    }
    let sql = CollectionSQL(key: key)
    let cursor = try Int.fetchCursor(db, sql: sql.allRows)
    while let row = try cursor.next() {
      guard (0..<rows).contains(row) else { throw RetrievalError.damaged("row \(row) of \(rows)") }
      state.setLive(row, segmentRows: size)
    }
    guard state.documentCount == documents else {
      throw RetrievalError.damaged("\(state.documentCount) documents, \(documents) recorded")
    }
    try prepareDirectory(segments: state.segments.count)
    for number in state.segments.indices { try open(number, &state, sql) }
    return state
  }

  /// Makes the directory, and deletes what is no file of these segments.
  private func prepareDirectory(segments: Int) throws(RetrievalError) {
    try makeDirectory(directory)
    let names = Set(
      (0..<segments).flatMap { segment in
        RowLayout.Part.allCases.map { layout.fileName(segment: segment, $0) }
      })
    let found = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    for name in found where !names.contains(name) { unlink(directory + "/" + name) }
  }

  private func open(_ number: Int, _ state: inout RowsState, _ sql: CollectionSQL) throws {
    let segment = state.segments[number]
    let isFull = segment.rows == layout.segmentRows
    if segment.liveCount == 0, isFull, number < state.segments.count - 1 {
      state.segments[number].live = []
      SegmentFiles.remove(directory: directory, segment: number, layout: layout)
      return
    }
    let recorded = try Row.fetchOne(
      db, sql: "SELECT size, digest FROM segments WHERE collection = ? AND number = ?",
      arguments: [key, number])
    if let recorded, recorded["size"] == layout.segmentRows,
      let files = try? SegmentFiles(
        directory: directory, segment: number, layout: layout, rows: segment.rows)
    {
      let mapped = try MappedSegment(files, layout: layout)
      let digest = mapped.digest(rows: segment.rows)
      if Int64(bitPattern: digest) == recorded["digest"] {
        state.segments[number].mapped = mapped
        state.segments[number].files = isFull ? nil : files
        state.segments[number].digest = digest
        return
      }
    }
    try rebuild(number, &state, sql)
  }

  private func rebuild(_ number: Int, _ state: inout RowsState, _ sql: CollectionSQL) throws {
    let count = state.segments[number].rows
    let base = number * layout.segmentRows
    let files = try SegmentFiles(directory: directory, segment: number, layout: layout, rows: nil)
    let cursor = try Row.fetchCursor(
      db, sql: sql.vectorsOfRows, arguments: [base, base + count])
    var encoded = EncodedRows(layout: layout)
    var written = 0
    var digest: UInt64 = 0
    func flush() throws {
      digest &+= try files.write(encoded, 0..<encoded.count, at: written)
      written += encoded.count
      encoded = EncodedRows(layout: layout)
    }
    func fill(to row: Int) throws {
      while written + encoded.count < row {
        encoded.appendEmpty()
        if encoded.count == Self.chunk { try flush() }
      }
    }
    while let found = try cursor.next() {
      let row: Int = found[0]
      let vector = try found.withUnsafeData(atIndex: 1) { StoredDocument.floats($0 ?? Data()) }
      guard vector.count == layout.codec.dimension else {
        throw RetrievalError.damaged("the vector of row \(row) has \(vector.count) components")
      }
      try fill(to: row - base)
      vector.withUnsafeBufferPointer { encoded.append($0) }
      if encoded.count == Self.chunk { try flush() }
    }
    try fill(to: count)
    try flush()
    state.segments[number].mapped = try MappedSegment(files, layout: layout)
    state.segments[number].files = count == layout.segmentRows ? nil : files
    state.segments[number].digest = digest
    try db.execute(
      sql: sql.updateSegment,
      arguments: [key, number, layout.segmentRows, Int64(bitPattern: digest)])
  }
}

/// Makes a directory and those above it; one that is there is fine.
func makeDirectory(_ path: String) throws(RetrievalError) {
  do {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  } catch {
    throw RetrievalError(
      .storage,
      "cannot make the directory \(path): \(error.localizedDescription); give one that can be written")
  }
}
