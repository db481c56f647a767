import Foundation
import GRDB
import StoreTestSupport
import Testing

@testable import Retrieval

@Suite struct EmbeddedStoreTests {
  /// Small segments, so that collections of a test have several.
  static var small: EmbeddedStore.Configuration {
    var configuration = EmbeddedStore.Configuration()
    configuration.segmentRows = 64
    configuration.searchThreads = 2
    return configuration
  }

  @Test(arguments: StoreBehaviour.all)
  func behaves(_ behaviour: StoreBehaviour) async throws {
    let folder = try StoreFolder()
    let store = try await EmbeddedStore.open(directory: folder.path)
    try await behaviour.check(store)
    await store.close()
  }

  @Test(arguments: StoreBehaviour.all)
  func behavesWithSmallSegments(_ behaviour: StoreBehaviour) async throws {
    let folder = try StoreFolder()
    let store = try await EmbeddedStore.open(directory: folder.path, configuration: Self.small)
    try await behaviour.check(store)
    await store.close()
  }

  @Test func everyCommitIsSynchronous() async throws {
    let folder = try StoreFolder()
    let store = try await EmbeddedStore.open(directory: folder.path)
    let mode = try await store.write { db in
      try [String.fetchOne(db, sql: "PRAGMA journal_mode"), String.fetchOne(db, sql: "PRAGMA synchronous")]
    }
    #expect(mode == ["wal", "2"])
    await store.close()
  }

  @Test func closedStoreSaysSo() async throws {
    let folder = try StoreFolder()
    let store = try await EmbeddedStore.open(directory: folder.path)
    try await store.createCollection("c", contract: StoreSample.contract)
    await store.close()
    await store.close()
    #expect(
      await storeErrorCode { () throws(RetrievalError) in try await store.collections() } == .storage)
    #expect(
      await storeErrorCode { () throws(RetrievalError) in
        try await store.upsert([StoreSample.document("a")], into: "c", origin: StoreSample.passage)
      } == .storage)
  }

  @Test func cancelledCallEndsWithThatCode() async throws {
    let folder = try StoreFolder()
    let store = try await EmbeddedStore.open(directory: folder.path)
    try await store.createCollection("c", contract: StoreSample.contract)
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return await storeErrorCode { () throws(RetrievalError) in
        try await store.delete(ids: ["a"], from: "c")
      }
    }
    #expect(await task.value == .cancelled)
    // And the store goes on.
    try await store.upsert([StoreSample.document("a")], into: "c", origin: StoreSample.passage)
    #expect(try await store.collection("c").count == 1)
    await store.close()
  }

  /// Every search sees all documents of one call, never some of it.
  @Test func searchesSeeWholeUpserts() async throws {
    let folder = try StoreFolder()
    let store = try await EmbeddedStore.open(directory: folder.path, configuration: Self.small)
    try await store.createCollection("c", contract: StoreSample.contract)
    func generation(_ number: Int) -> [EmbeddedDocument] {
      (0..<40).map {
        StoreSample.document(
          "d\($0)", "word generation \(number)", seed: number * 40 + $0,
          metadata: ["g": .number(Double(number)), "parity": .bool(number % 2 == 0)])
      }
    }
    try await store.upsert(generation(0), into: "c", origin: StoreSample.passage)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for number in 1...60 {
          try await store.upsert(generation(number), into: "c", origin: StoreSample.passage)
        }
      }
      for reader in 0..<4 {
        group.addTask {
          let even = Filter.equals(field: "parity", .bool(reader % 2 == 0))
          for round in 0..<60 {
            let hits = try await store.search("c", StoreSample.search(round, limit: 100, documents: true))[0]
            #expect(hits.count == 40)
            #expect(Set(hits.map { $0.document?.text ?? "none" }).count == 1)
            let filtered = try await store.search("c", StoreSample.search(round, limit: 100, filter: even))[0]
            #expect(filtered.count == 40 || filtered.isEmpty)
            let worded = try await store.searchText("c", query: "generation", limit: 100, filter: nil)
            #expect(worded.count == 40)
            #expect(Set(worded.map { $0.document?.text ?? "none" }).count == 1)
            #expect(try await store.vectors("c", filter: even, limit: 100).ids.count % 40 == 0)
          }
        }
      }
      try await group.waitForAll()
    }
    await store.close()
  }

  /// Against a model, over many updates: rows move and their files go, and nothing else changes.
  @Test func deadRowsAreCleaned() async throws {
    let folder = try StoreFolder()
    var store = try await EmbeddedStore.open(directory: folder.path, configuration: Self.small)
    try await store.createCollection("c", contract: StoreSample.contract)
    var model: [String: EmbeddedDocument] = [:]
    var generator = StoreGenerator(3)
    for round in 0..<400 {
      let numbers = (0..<10).map { _ in Int.random(in: 0..<150, using: &generator) }
      if round % 5 == 4 {
        let ids = numbers.map { "d\($0)" }
        let there = Set(ids).filter { model[$0] != nil }.count
        #expect(try await store.delete(ids: ids, from: "c") == there)
        for id in ids { model[id] = nil }
      } else {
        let documents = numbers.map {
          StoreSample.document(
            "d\($0)", "round \(round)", seed: round * 1_000 + $0, metadata: ["n": .number(Double($0 % 4))])
        }
        try await store.upsert(documents, into: "c", origin: StoreSample.passage)
        for document in documents { model[document.document.id] = document }
      }
      if round % 40 == 39 {
        await store.close()
        store = try await EmbeddedStore.open(directory: folder.path, configuration: Self.small)
      }
      let state = try await store.read("c") { _, _, state in state }
      #expect(state.documentCount == model.count)
      #expect(state.deadCount <= state.documentCount + 2 * 64 + 10)
      if round % 20 == 0 {
        try await Self.expectAgreement(store, "c", model)
      }
    }
    try await Self.expectAgreement(store, "c", model)
    let rows = try await store.read("c") { _, collection, state in
      #expect(state.rowCount > 2_000)
      return try FileManager.default.contentsOfDirectory(atPath: collection.directory).count
    }
    #expect(rows <= 4 * 8)
    await store.close()
  }

  /// List, get, searches by vectors and by words, and the table of vectors all show the model.
  static func expectAgreement(
    _ store: EmbeddedStore, _ name: String, _ model: [String: EmbeddedDocument]
  ) async throws {
    let expected = model.values.sorted { $0.document.id < $1.document.id }
    #expect(try await store.collection(name).count == model.count)
    #expect(try await store.list(name, filter: nil, limit: 10_000, after: nil, vectors: true) == expected)
    #expect(
      try await store.get(ids: expected.map(\.document.id), from: name, vectors: true)
        == expected.map { Optional($0) })
    let table = try await store.vectors(name, filter: nil, limit: 10_000)
    #expect(table.ids == expected.map(\.document.id))
    #expect(table.values == expected.flatMap(\.vector))
    let queries = expected.prefix(20).map(\.vector)
    for method in SearchMethod.allCases {
      let found = try await store.search(
        name,
        VectorSearch(queries: queries, origin: StoreSample.query, limit: 1, method: method, documents: true))
      #expect(found.map { $0.first?.document } == expected.prefix(20).map { Optional($0.document) })
    }
    let all = try await store.search(name, StoreSample.search(1, limit: 1_000))[0]
    #expect(Set(all.map(\.id)) == Set(model.keys))
    let worded = try await store.searchText(name, query: "round", limit: 1_000, filter: nil)
    #expect(Set(worded.map(\.id)) == Set(model.keys))
    let filter = Filter.compare(field: "n", .greaterOrEqual, 2)
    let filtered = try await store.search(name, StoreSample.search(1, limit: 1_000, filter: filter))[0]
    #expect(
      Set(filtered.map(\.id))
        == Set(expected.filter { filter.matches($0.document.metadata) }.map(\.document.id)))
  }
}
