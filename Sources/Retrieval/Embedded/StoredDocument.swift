import Foundation
import GRDB

/// Reads documents from their tables.
enum StoredDocument {
  /// The document at a row; nil if there is none.
  ///
  /// - Parameter vector: whether to read its vector; it is empty otherwise.
  static func fetch(
    _ db: Database, _ sql: CollectionSQL, row: Int, vector: Bool
  ) throws -> EmbeddedDocument? {
    let statement = vector ? sql.contentsWithVector : sql.contents
    let rows = try Row.fetchCursor(db.cachedStatement(sql: statement), arguments: [row])
    guard let found = try rows.next() else { return nil }
    let metadata = try found.withUnsafeData(atIndex: 3) {
      try ($0 ?? Data()).withUnsafeBytes { try MetadataCodec.decode($0) }
    }
    return EmbeddedDocument(
      document: Document(
        id: try text(found, 0), title: try text(found, 1), text: try text(found, 2), metadata: metadata),
      vector: vector ? try found.withUnsafeData(atIndex: 4) { floats($0 ?? Data()) } : [])
  }

  /// The id of the document at a row.
  static func id(_ db: Database, _ sql: CollectionSQL, row: Int) throws -> String {
    let rows = try Row.fetchCursor(db.cachedStatement(sql: sql.idOfRow), arguments: [row])
    guard let found = try rows.next() else { throw RetrievalError.damaged("row \(row) has no document") }
    return try text(found, 0)
  }

  static func text(_ row: Row, _ index: Int) throws -> String {
    try row.withUnsafeData(atIndex: index) { String(decoding: $0 ?? Data(), as: UTF8.self) }
  }

  /// Little-endian f32; bytes behind the last whole one are left out.
  static func floats(_ data: Data) -> [Float] {
    data.withUnsafeBytes { bytes in
      (0..<(bytes.count / 4)).map {
        Float(bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0 * 4, as: UInt32.self)))
      }
    }
  }
}
