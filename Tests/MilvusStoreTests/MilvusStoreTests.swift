import Foundation
import Retrieval
import StoreTestSupport
import Testing

@testable import MilvusStore

@Suite(MilvusServer.isThere) struct MilvusStoreTests {
  private func withStore(_ body: (MilvusStore) async throws -> Void) async throws {
    let store = try await MilvusStore.open(try #require(MilvusServer.url))
    do {
      try await body(store)
    } catch {
      await store.close()
      throw error
    }
    await store.close()
  }

  @Test(arguments: StoreBehaviour.all)
  func behaves(_ behaviour: StoreBehaviour) async throws {
    try await withStore { try await behaviour.check($0) }
  }

  /// Scores and order of a search by words are those of the embedded store.
  @Test func wordsRankAsInTheEmbeddedStore() async throws {
    let folder = try StoreFolder()
    let embedded = try await EmbeddedStore.open(directory: folder.path)
    let name = "w" + UUID().uuidString.replacing("-", with: "")
    let parts = [
      "서울은 대한민국의 수도이다.", "부산은 항구 도시이다.", "도시의 병원", "cats sleep on boxes", "a cat in a box",
      "the box of the city", "대학교 병원에서 진료를 받았다",
    ]
    var generator = StoreGenerator(5)
    let documents = (0..<60).map { number in
      let text = (0..<Int.random(in: 1..<30, using: &generator)).map { _ in
        parts[Int.random(in: 0..<parts.count, using: &generator)]
      }.joined(separator: " ")
      return StoreSample.document(
        "d\(number)", text, title: number % 5 == 0 ? "서울 cat" : "",
        metadata: ["n": .number(Double(number % 7))])
    }
    try await withStore { milvus in
      let stores: [any CollectionStore] = [embedded, milvus]
      for store in stores {
        try await store.createCollection(name, contract: StoreSample.contract)
        try await store.upsert(documents, into: name, origin: StoreSample.passage)
        _ = try await store.delete(ids: ["d4", "d5"], from: name)
      }
      for query in ["서울", "병원 도시", "cat box", "the city of 서울", "수도 cats", "nothing here"] {
        for filter in [nil, Filter.compare(field: "n", .greater, 3)] {
          for limit in [3, 20, 100] {
            let expected = try await embedded.searchText(name, query: query, limit: limit, filter: filter)
            let found = try await milvus.searchText(name, query: query, limit: limit, filter: filter)
            #expect(found.map(\.id) == expected.map(\.id), "\(query)")
            #expect(
              zip(found, expected).allSatisfy {
                abs($0.score - $1.score) <= 1e-4 * max(abs($1.score), 1e-3)
              })
          }
        }
      }
      try await milvus.dropCollection(name)
    }
    await embedded.close()
  }

  @Test func documentsTooLargeAreRefused() async throws {
    try await withStore { store in
      let name = "l" + UUID().uuidString.replacing("-", with: "")
      try await store.createCollection(name, contract: StoreSample.contract)
      let fits = StoreSample.document("fits", String(repeating: "가 ", count: 16_383) + "abc")
      #expect(fits.document.text.utf8.count == 65_535)
      try await store.upsert([fits], into: name, origin: StoreSample.passage)
      #expect(try await store.get(ids: ["fits"], from: name, vectors: true) == [fits])
      let long = String(repeating: "a", count: 65_536)
      let wrongs = [
        StoreSample.document("text", long), StoreSample.document("title", "", title: long),
        StoreSample.document(
          "metadata",
          metadata: ["s": .strings((0..<20).map { "\($0)" + String(repeating: "m", count: 4_000) })]),
      ]
      for wrong in wrongs {
        do throws(RetrievalError) {
          try await store.upsert(
            [StoreSample.document("a"), wrong], into: name, origin: StoreSample.passage)
          Issue.record("\(wrong.document.id) was stored")
        } catch {
          #expect(error.code == .invalidArgument)
          #expect(error.message.contains("document 1") && error.message.contains("65535"))
          #expect(error.message.utf8.count < 300)
        }
      }
      #expect(try await store.collection(name).count == 1)
      try await store.dropCollection(name)
    }
  }

  @Test func anotherProgramsCollectionIsNoneOfTheStores() async throws {
    try await withStore { store in
      let name = "f" + UUID().uuidString.replacing("-", with: "")
      var request = Milvus_Proto_Milvus_CreateCollectionRequest()
      request.dbName = store.address.database
      request.collectionName = try CollectionName.encode(name)
      request.schema = try Milvus_Proto_Schema_CollectionSchema(
        name: request.collectionName, contract: StoreSample.contract, description: "mine"
      ).serializedData()
      let _: Milvus_Proto_Common_Status = try await store.call("CreateCollection", request, .making)
      #expect(try await store.collections().allSatisfy { $0.name != name })
      let code = await storeErrorCode { () throws(RetrievalError) in try await store.collection(name) }
      #expect(code == .invalidArgument)
      let again = await storeErrorCode { () throws(RetrievalError) in
        try await store.createCollection(name, contract: StoreSample.contract)
      }
      #expect(again == .alreadyExists)
      var drop = Milvus_Proto_Milvus_DropCollectionRequest()
      drop.dbName = store.address.database
      drop.collectionName = request.collectionName
      let _: Milvus_Proto_Common_Status = try await store.call("DropCollection", drop, .schema)
    }
  }

  @Test func anotherStoreSeesWhatOneWrote() async throws {
    try await withStore { first in
      try await withStore { second in
        let name = "s-_" + UUID().uuidString
        let stored = name.replacing("s-_", with: "s-__")
        try await first.createCollection(stored, contract: StoreSample.contract)
        let documents = (0..<50).map { StoreSample.document("d\($0)", "word \($0)", seed: $0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
          for (index, part) in MilvusStore.parts(documents, of: 10).enumerated() {
            group.addTask {
              _ = try await (index % 2 == 0 ? first : second).upsert(
                part, into: stored, origin: StoreSample.passage)
            }
          }
          try await group.waitForAll()
        }
        #expect(try await second.collection(stored).count == 50)
        #expect(try await second.collections().contains { $0.name == stored })
        #expect(try await second.search(stored, StoreSample.search(7, limit: 1))[0].map(\.id) == ["d7"])
        try await second.dropCollection(stored)
        let code = await storeErrorCode { () throws(RetrievalError) in
          try await first.search(stored, StoreSample.search(7))
        }
        #expect(code == .notFound)
      }
    }
  }

  @Test func closedStoreSaysSo() async throws {
    let store = try await MilvusStore.open(try #require(MilvusServer.url))
    await store.close()
    await store.close()
    #expect(await storeErrorCode { () throws(RetrievalError) in try await store.collections() } == .storage)
  }

  @Test func unknownDatabaseIsRefused() async throws {
    let address = try MilvusAddress(try #require(MilvusServer.url))
    let code = await storeErrorCode { () throws(RetrievalError) in
      try await MilvusStore.open("milvus://\(address.host):\(address.port)/no_such_database")
    }
    #expect(code == .invalidArgument || code == .storage)
  }
}
