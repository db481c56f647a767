import Foundation
import GRDB
import StoreTestSupport
import Testing

@testable import Retrieval

/// What lies on the disk is not what the store left there.
@Suite struct StoreDamageTests {
  private static let count = 200

  private static let documents = (0..<count).map {
    StoreSample.document("d\($0)", "round \($0)", seed: $0, metadata: ["n": .number(Double($0 % 4))])
  }
  private static let model = Dictionary(
    uniqueKeysWithValues: documents.map { ($0.document.id, $0) })

  /// A closed store with one collection, which has dead rows too.
  private func filled(_ folder: StoreFolder) async throws {
    let store = try await EmbeddedStore.open(
      directory: folder.path, configuration: EmbeddedStoreTests.small)
    try await store.createCollection("c", contract: StoreSample.contract)
    let older = Self.documents.prefix(70).map { each in
      EmbeddedDocument(document: each.document, vector: StoreSample.vector(9_999))
    }
    try await store.upsert(Array(older), into: "c", origin: StoreSample.passage)
    try await store.upsert(Self.documents, into: "c", origin: StoreSample.passage)
    await store.close()
  }

  private func rowFiles(_ folder: StoreFolder) throws -> [String] {
    let rows = folder.path + "/rows/1"
    return try FileManager.default.contentsOfDirectory(atPath: rows).sorted().map { rows + "/" + $0 }
  }

  private func expectWhole(_ folder: StoreFolder) async throws {
    let store = try await EmbeddedStore.open(
      directory: folder.path, configuration: EmbeddedStoreTests.small)
    try await EmbeddedStoreTests.expectAgreement(store, "c", Self.model)
    // And it can be written on.
    try await store.upsert(Self.documents, into: "c", origin: StoreSample.passage)
    try await store.upsert(
      [StoreSample.document("more", seed: 77_777)], into: "c", origin: StoreSample.passage)
    #expect(try await store.search("c", StoreSample.search(77_777, limit: 1))[0].map(\.id) == ["more"])
    #expect(try await store.delete(ids: ["more"], from: "c") == 1)
    await store.close()
  }

  private func write(_ path: String, _ change: (inout Data) -> Void) throws {
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    change(&bytes)
    try bytes.write(to: URL(fileURLWithPath: path))
  }

  @Test func rowFilesAreMadeAnew() async throws {
    let folder = try StoreFolder()
    try await filled(folder)
    let files = try rowFiles(folder)
    #expect(files.count >= 16)
    for (index, file) in files.enumerated() {
      switch index % 6 {
      case 0: try FileManager.default.removeItem(atPath: file)
      case 1: try write(file) { $0.removeLast($0.count / 2) }
      case 2: try write(file) { $0.removeAll() }
      case 3: try write(file) { $0[$0.count / 3] ^= 1 }
      case 4: try write(file) { $0.resetBytes(in: 0..<$0.count) }
      default:
        // Something that is no file at all.
        try FileManager.default.removeItem(atPath: file)
        try FileManager.default.createSymbolicLink(atPath: file, withDestinationPath: "/dev/zero")
      }
      try await expectWhole(folder)
    }
    try FileManager.default.removeItem(atPath: folder.path + "/rows")
    try await expectWhole(folder)
  }

  @Test func everyBitOfARowCounts() async throws {
    let folder = try StoreFolder()
    try await filled(folder)
    // Rows made anew have the same bytes as before.
    let before = try rowFiles(folder).map { try Data(contentsOf: URL(fileURLWithPath: $0)) }
    var generator = StoreGenerator(5)
    for file in try rowFiles(folder) {
      try write(file) { bytes in
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^=
          1 << UInt8.random(in: 0..<8, using: &generator)
      }
    }
    let store = try await EmbeddedStore.open(
      directory: folder.path, configuration: EmbeddedStoreTests.small)
    try await EmbeddedStoreTests.expectAgreement(store, "c", Self.model)
    await store.close()
    for (file, old) in zip(try rowFiles(folder), before) {
      let new = try Data(contentsOf: URL(fileURLWithPath: file))
      // Dead rows become zeros.
      if file.contains("/2-") || file.contains("/3-") { #expect(new == old, "\(file)") }
      #expect(new.count == old.count)
    }
  }

  @Test func filesOfAnotherSegmentSizeAndLeftoversGo() async throws {
    let folder = try StoreFolder()
    try await filled(folder)
    try FileManager.default.createDirectory(
      atPath: folder.path + "/rows/99", withIntermediateDirectories: true)
    try Data([1]).write(to: URL(fileURLWithPath: folder.path + "/rows/1/foreign"))
    var other = EmbeddedStoreTests.small
    other.segmentRows = 128
    let store = try await EmbeddedStore.open(directory: folder.path, configuration: other)
    try await EmbeddedStoreTests.expectAgreement(store, "c", Self.model)
    await store.close()
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/rows/99"))
    #expect(try rowFiles(folder).allSatisfy { $0.contains("-128.") })
    try await expectWhole(folder)
  }

  @Test func filesTakenAwayWhileOpenChangeNothing() async throws {
    let folder = try StoreFolder()
    let store = try await EmbeddedStore.open(directory: folder.path)
    try await store.createCollection("c", contract: StoreSample.contract)
    try await store.upsert(Array(Self.documents.prefix(100)), into: "c", origin: StoreSample.passage)
    for file in try rowFiles(folder) { try FileManager.default.removeItem(atPath: file) }
    try await store.upsert(Array(Self.documents.dropFirst(100)), into: "c", origin: StoreSample.passage)
    try await EmbeddedStoreTests.expectAgreement(store, "c", Self.model)
    await store.close()
    try await expectWhole(folder)
  }

  @Test func wordsOfAnotherVersionAreMadeAnew() async throws {
    let folder = try StoreFolder()
    try await filled(folder)
    let queue = try DatabaseQueue(path: folder.path + "/store.sqlite")
    try await queue.write { db in
      try db.execute(sql: "UPDATE collections SET lexical = 0")
      try db.execute(sql: "INSERT INTO words_1(words_1) VALUES('delete-all')")
      try db.execute(sql: "INSERT INTO words_1(rowid, words) VALUES(5, 'stale')")
    }
    try queue.close()
    try await expectWhole(folder)
  }

  @Test func secondStoreIsRefused() async throws {
    let folder = try StoreFolder()
    let store = try await EmbeddedStore.open(directory: folder.path)
    await #expect {
      try await EmbeddedStore.open(directory: folder.path)
    } throws: { error in
      (error as? RetrievalError)?.code == .storage && "\(error)".contains("open in another process")
    }
    await store.close()
    await (try EmbeddedStore.open(directory: folder.path)).close()
  }

  @Test func foreignDatabaseIsRefusedAndLeftAsItIs() async throws {
    let folder = try StoreFolder()
    let path = folder.path + "/store.sqlite"
    let queue = try DatabaseQueue(path: path)
    try await queue.write { try $0.execute(sql: "CREATE TABLE t(a); INSERT INTO t VALUES(1)") }
    try queue.close()
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    await #expect {
      try await EmbeddedStore.open(directory: folder.path)
    } throws: { error in
      (error as? RetrievalError)?.code == .storage && "\(error)".contains("another program")
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
  }

  @Test func newerFormatIsRefused() async throws {
    let folder = try StoreFolder()
    try await filled(folder)
    let queue = try DatabaseQueue(path: folder.path + "/store.sqlite")
    try await queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA user_version = 99") }
    try queue.close()
    await #expect {
      try await EmbeddedStore.open(directory: folder.path)
    } throws: { error in
      (error as? RetrievalError)?.code == .storage && "\(error)".contains("99")
    }
  }

  @Test func fileThatIsNoDatabaseIsRefused() async throws {
    let folder = try StoreFolder()
    let path = folder.path + "/store.sqlite"
    let junk = Data("this is no database, but long enough to be looked at as one by its reader".utf8)
    try junk.write(to: URL(fileURLWithPath: path))
    #expect(
      await storeErrorCode { () throws(RetrievalError) in
        try await EmbeddedStore.open(directory: folder.path)
      } == .storage)
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == junk)
  }

  /// Pages scribbled over: an error, or an answer that is still right; never a crash.
  @Test func damagedDatabaseIsAnError() async throws {
    let folder = try StoreFolder()
    try await filled(folder)
    let path = folder.path + "/store.sqlite"
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    var generator = StoreGenerator(9)
    var refused = 0
    for round in 0..<60 {
      var bytes = whole
      if round % 6 == 5 {
        bytes.removeLast(Int.random(in: 1..<bytes.count, using: &generator))
      } else {
        let page = Int.random(in: 0..<(bytes.count / 8_192), using: &generator) * 8_192
        // A page's header is where damage does most.
        for index in page..<(page + (round % 2 == 0 ? 64 : 8_192)) where index != 0 {
          bytes[index] = UInt8.random(in: 0...255, using: &generator)
        }
      }
      try bytes.write(to: URL(fileURLWithPath: path))
      try? FileManager.default.removeItem(atPath: path + "-wal")
      try? FileManager.default.removeItem(atPath: path + "-shm")
      do throws(RetrievalError) {
        let store = try await EmbeddedStore.open(
          directory: folder.path, configuration: EmbeddedStoreTests.small)
        do throws(RetrievalError) {
          _ = try await store.list("c", filter: nil, limit: 1_000, after: nil, vectors: true)
          _ = try await store.search("c", StoreSample.search(1, documents: true))
          _ = try await store.searchText("c", query: "round", limit: 10, filter: nil)
          _ = try await store.list(
            "c", filter: .compare(field: "n", .less, 2), limit: 9, after: nil, vectors: false)
          try await store.upsert(
            [StoreSample.document("d5", "changed"), StoreSample.document("added")], into: "c",
            origin: StoreSample.passage)
        } catch {
          #expect(error.code == .storage || error.code == .notFound, "\(error)")
          refused += 1
        }
        await store.close()
      } catch {
        #expect(error.code == .storage)
        refused += 1
      }
    }
    #expect(refused > 20)
  }

  @Test(arguments: ["/proc/self/duri", "/dev/null/duri"])
  func directoryThatCannotBeIsAnError(_ path: String) async throws {
    #expect(
      await storeErrorCode { () throws(RetrievalError) in try await EmbeddedStore.open(directory: path) }
        == .storage)
  }

  @Test(.enabled(if: geteuid() != 0, "the superuser may write anywhere"))
  func unwritableDirectoryIsAnError() async throws {
    let folder = try StoreFolder()
    chmod(folder.path, 0o500)
    #expect(
      await storeErrorCode { () throws(RetrievalError) in
        try await EmbeddedStore.open(directory: folder.path)
      } == .storage)
    chmod(folder.path, 0o700)
  }

  @Test func metadataCutShortIsAnError() throws {
    let metadata: Metadata = [
      "a": .string("b"), "c": .number(1), "d": .bool(true), "e": .strings(["f", "g"]),
    ]
    let bytes = MetadataCodec.encode(metadata)
    #expect(try bytes.withUnsafeBytes { try MetadataCodec.decode($0) } == metadata)
    for count in 1..<bytes.count {
      let cut = try? bytes.prefix(count).withUnsafeBytes { try MetadataCodec.decode($0) }
      #expect(cut != metadata)
    }
    var generator = StoreGenerator(1)
    for _ in 0..<2_000 {
      var damaged = bytes
      damaged[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
        in: 0...255, using: &generator)
      // Whatever it reads, it ends.
      _ = try? damaged.withUnsafeBytes { try MetadataCodec.decode($0) }
    }
  }
}
