import Foundation
import Testing

import Retrieval

/// What every store does, whatever it keeps its collections in: one body for all of them.
///
///     @Test(arguments: StoreBehaviour.all)
///     func behaves(_ behaviour: StoreBehaviour) async throws {
///       try await behaviour.check(store)
///     }
///
/// Each check makes collections of its own names and drops them, so a store may be shared.
package struct StoreBehaviour: Sendable, CustomTestStringConvertible {
  package let name: String
  private let body: @Sendable (any CollectionStore, String) async throws -> Void

  init(_ name: String, _ body: @escaping @Sendable (any CollectionStore, String) async throws -> Void) {
    self.name = name
    self.body = body
  }

  package var testDescription: String { name }

  package static let all = collections + documents + searches + words

  /// Runs the check in a new collection of ``StoreSample``'s contract.
  package func check(_ store: any CollectionStore) async throws {
    let collection = "t" + UUID().uuidString.replacing("-", with: "")
    try await store.createCollection(collection, contract: StoreSample.contract)
    try await body(store, collection)
    if await storeErrorCode({ () throws(RetrievalError) in try await store.collection(collection) }) == nil {
      try await store.dropCollection(collection)
    }
  }
}

extension StoreBehaviour {
  static let collections = [
    StoreBehaviour("a collection is made, listed and dropped") { store, name in
      let info = CollectionInfo(name: name, contract: StoreSample.contract, count: 0)
      #expect(try await store.collection(name) == info)
      #expect(try await store.collections().contains(info))
      #expect(
        await storeErrorCode { () throws(RetrievalError) in
          try await store.createCollection(name, contract: StoreSample.contract)
        } == .alreadyExists)
      try await store.upsert([StoreSample.document("a")], into: name, origin: StoreSample.passage)
      #expect(try await store.collection(name).count == 1)
      try await store.dropCollection(name)
      #expect(try await store.collections().allSatisfy { $0.name != name })
      // Made again it is empty.
      try await store.createCollection(name, contract: StoreSample.contract)
      #expect(try await store.collection(name).count == 0)
      #expect(try await store.get(ids: ["a"], from: name, vectors: false) == [nil])
      #expect(try await store.searchText(name, query: "text", limit: 5, filter: nil).isEmpty)
    },
    StoreBehaviour("what is not there is not found") { store, name in
      let absent = name + "x"
      var codes: [RetrievalError.Code?] = []
      codes.append(
        await storeErrorCode { () throws(RetrievalError) in try await store.dropCollection(absent) })
      codes.append(
        await storeErrorCode { () throws(RetrievalError) in try await store.collection(absent) })
      codes.append(
        await storeErrorCode { () throws(RetrievalError) in
          try await store.upsert([StoreSample.document("a")], into: absent, origin: StoreSample.passage)
        })
      codes.append(
        await storeErrorCode { () throws(RetrievalError) in try await store.delete(ids: ["a"], from: absent) }
      )
      codes.append(
        await storeErrorCode { () throws(RetrievalError) in
          try await store.get(ids: ["a"], from: absent, vectors: false)
        })
      codes.append(
        await storeErrorCode { () throws(RetrievalError) in
          try await store.list(absent, filter: nil, limit: 1, after: nil, vectors: false)
        })
      codes.append(
        await storeErrorCode { () throws(RetrievalError) in
          try await store.search(absent, StoreSample.search(1))
        })
      codes.append(
        await storeErrorCode { () throws(RetrievalError) in
          try await store.searchText(absent, query: "a", limit: 1, filter: nil)
        })
      codes.append(
        await storeErrorCode { () throws(RetrievalError) in
          try await store.vectors(absent, filter: nil, limit: 1)
        })
      #expect(codes == Array(repeating: .notFound, count: codes.count))
    },
    StoreBehaviour("names and dimensions out of bounds are refused") { store, _ in
      let long = String(repeating: "a", count: 129)
      for wrong in ["", "-a", "_a", "가", "a b", "a/b", "a\0", "a'", long] {
        #expect(
          await storeErrorCode { () throws(RetrievalError) in
            try await store.createCollection(wrong, contract: StoreSample.contract)
          } == .invalidArgument)
      }
      for dimension in [Int.min, -1, 0, 4_097, Int.max] {
        var contract = StoreSample.contract
        contract.dimension = dimension
        #expect(
          await storeErrorCode { () throws(RetrievalError) in
            try await store.createCollection("dimension", contract: contract)
          } == .invalidArgument)
      }
    },
    StoreBehaviour("vectors of another contract are refused, on both sides") { store, name in
      typealias Origin = VectorOrigin
      let others = [
        Origin(model: "other", fingerprint: "f00d", prefix: "passage: "),
        Origin(model: "stub", fingerprint: "beef", prefix: "passage: "),
        Origin(model: "stub", fingerprint: "f00d", prefix: "query: "),
      ]
      for origin in others {
        #expect(
          await storeErrorCode { () throws(RetrievalError) in
            try await store.upsert([StoreSample.document("a")], into: name, origin: origin)
          } == .contractMismatch)
      }
      let short = EmbeddedDocument(
        document: Document(id: "a", text: "a"), vector: StoreSample.vector(1, dimension: 23))
      #expect(
        await storeErrorCode { () throws(RetrievalError) in
          try await store.upsert([short], into: name, origin: StoreSample.passage)
        } == .contractMismatch)
      var search = StoreSample.search(1)
      search.origin = StoreSample.passage
      let wrongPrefix = search
      search = StoreSample.search(1)
      search.queries = [StoreSample.vector(1), StoreSample.vector(1, dimension: 25)]
      let wrongSize = search
      for wrong in [wrongPrefix, wrongSize] {
        #expect(
          await storeErrorCode { () throws(RetrievalError) in try await store.search(name, wrong) }
            == .contractMismatch)
      }
      let count = try await store.collection(name).count
      #expect(count == 0)
    },
  ]
}
