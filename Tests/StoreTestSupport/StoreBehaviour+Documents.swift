import Foundation
import Testing

import Retrieval

extension StoreBehaviour {
  static let documents = [
    StoreBehaviour("documents come back as they were given") { store, name in
      let documents = [
        StoreSample.document(
          "한글/ 1 \u{1F9E1}", "첫 줄\n둘째 줄\u{0}끝 \u{1F469}\u{200D}\u{1F680}", title: "제목 \"'\u{0}",
          metadata: [
            "lang": .string("ko"), "year": .number(1990.5), "small": .number(-1e-300), "open": .bool(true),
            "tags": .strings(["a", "b", "a", ""]), "none": .strings([]), "empty": .string(""),
            "a.b-c_D": .string("'; DROP TABLE collections; --"),
          ]),
        StoreSample.document("empty", ""),
        // One word in two spellings of Unicode: two ids.
        StoreSample.document("\u{E9}"), StoreSample.document("e\u{301}"),
        StoreSample.document(String(repeating: "i", count: 512)),
      ]
      let outcome = try await store.upsert(documents, into: name, origin: StoreSample.passage)
      #expect(outcome == UpsertOutcome(inserted: 5, replaced: 0))
      let ids = documents.map(\.document.id)
      let found = try await store.get(ids: ids + ["absent"] + [ids[0]], from: name, vectors: true)
      #expect(found == documents + [nil] + [documents[0]])
      for (a, b) in zip(found, documents) {
        #expect(a.map { Array($0.document.text.utf8) } == Array(b.document.text.utf8))
        #expect(a.map { Array($0.document.id.utf8) } == Array(b.document.id.utf8))
      }
      let bare = try await store.get(ids: [ids[0]], from: name, vectors: false)
      #expect(bare.first??.document == documents[0].document)
      #expect(bare.first??.vector == [])
    },
    StoreBehaviour("upsert replaces, is the same twice, and takes the last of one id") { store, name in
      let first = (0..<30).map { StoreSample.document("d\($0)", "alpha \($0)", seed: $0) }
      try await store.upsert(first, into: name, origin: StoreSample.passage)
      let again = try await store.upsert(first, into: name, origin: StoreSample.passage)
      #expect(again == UpsertOutcome(inserted: 0, replaced: 30))
      #expect(try await store.collection(name).count == 30)
      let newer = StoreSample.document("d3", "beta", seed: 1_000, metadata: ["v": .number(2)])
      let outcome = try await store.upsert(
        [
          StoreSample.document("d3", "gamma"), StoreSample.document("new", "gamma"), newer,
          StoreSample.document("new", "delta"),
        ], into: name, origin: StoreSample.passage)
      #expect(outcome == UpsertOutcome(inserted: 1, replaced: 1))
      #expect(try await store.get(ids: ["d3"], from: name, vectors: true) == [newer])
      // Every way to look agrees on the new version.
      #expect(try await store.searchText(name, query: "gamma", limit: 5, filter: nil).isEmpty)
      #expect(try await store.searchText(name, query: "beta", limit: 5, filter: nil).map(\.id) == ["d3"])
      #expect(try await store.searchText(name, query: "alpha", limit: 50, filter: nil).count == 29)
      #expect(try await store.search(name, StoreSample.search(1_000, limit: 1))[0].map(\.id) == ["d3"])
      let old = try await store.search(name, StoreSample.search(3, limit: 31))[0]
      #expect(old.count == 31)
      #expect(old.allSatisfy { $0.score < 0.999 })
      let filter = Filter.compare(field: "v", .greater, 1)
      #expect(
        try await store.list(name, filter: filter, limit: 9, after: nil, vectors: false).map(\.document.id)
          == ["d3"])
      #expect(
        try await store.upsert([], into: name, origin: StoreSample.passage)
          == UpsertOutcome(inserted: 0, replaced: 0))
    },
    StoreBehaviour("a call with one wrong document stores none") { store, name in
      let unit = StoreSample.vector(1)
      func wrong(_ document: Document, _ vector: [Float]) -> EmbeddedDocument {
        EmbeddedDocument(document: document, vector: vector)
      }
      func metadata(_ metadata: Metadata) -> EmbeddedDocument {
        wrong(Document(id: "w", text: "", metadata: metadata), unit)
      }
      let long = String(repeating: "m", count: 4_097)
      let many = Dictionary(uniqueKeysWithValues: (0..<65).map { ("f\($0)", MetadataValue.bool(true)) })
      let wrongs = [
        wrong(Document(id: "", text: "a"), unit),
        wrong(Document(id: String(repeating: "i", count: 513), text: "a"), unit),
        metadata(["": .bool(true)]), metadata(["1a": .bool(true)]), metadata(["가": .bool(true)]),
        metadata(["a b": .bool(true)]), metadata(["n": .number(.nan)]), metadata(["n": .number(.infinity)]),
        metadata(["s": .string(long)]), metadata(["s": .strings([long])]),
        metadata(["s": .strings(Array(repeating: "a", count: 257))]), metadata(many),
        wrong(Document(id: "w", text: ""), unit.map { $0 * 2 }),
        wrong(Document(id: "w", text: ""), unit.map { _ in 0 }),
        wrong(Document(id: "w", text: ""), unit.map { _ in Float.nan }),
        wrong(Document(id: "w", text: ""), unit.map { _ in Float.infinity }),
      ]
      for each in wrongs {
        #expect(
          await storeErrorCode { () throws(RetrievalError) in
            try await store.upsert(
              [StoreSample.document("good"), each, StoreSample.document("good too")], into: name,
              origin: StoreSample.passage)
          } == .invalidArgument)
      }
      let count = try await store.collection(name).count
      #expect(count == 0)
      let found = try await store.get(ids: ["good", "good too"], from: name, vectors: false)
      #expect(found == [nil, nil])
    },
    StoreBehaviour("delete counts what was there") { store, name in
      let documents = (0..<20).map { StoreSample.document("d\($0)", "alpha", seed: $0) }
      try await store.upsert(documents, into: name, origin: StoreSample.passage)
      #expect(try await store.delete(ids: ["d3", "absent", "d3", "d7"], from: name) == 2)
      #expect(try await store.delete(ids: ["d3"], from: name) == 0)
      #expect(try await store.delete(ids: [], from: name) == 0)
      #expect(try await store.collection(name).count == 18)
      #expect(try await store.get(ids: ["d3", "d4"], from: name, vectors: false)[0] == nil)
      let hits = try await store.search(name, StoreSample.search(3, limit: 100))[0]
      #expect(Set(hits.map(\.id)) == Set(documents.map(\.document.id)).subtracting(["d3", "d7"]))
      #expect(try await store.searchText(name, query: "alpha", limit: 100, filter: nil).count == 18)
      #expect(try await store.delete(ids: documents.map(\.document.id), from: name) == 18)
      #expect(try await store.search(name, StoreSample.search(3)) == [[]])
      #expect(try await store.list(name, filter: nil, limit: 9, after: nil, vectors: false).isEmpty)
      // And it takes documents again.
      try await store.upsert([documents[3]], into: name, origin: StoreSample.passage)
      #expect(try await store.search(name, StoreSample.search(3))[0].map(\.id) == ["d3"])
    },
    StoreBehaviour("pages follow the bytes of the ids") { store, name in
      let ids = ["b", "a", "B", "가", "나", "a0", "a-", "\u{1F9E1}", "\u{FFFD}", "é", "z", "e\u{301}"]
      let documents = ids.enumerated().map {
        StoreSample.document($1, metadata: ["even": .bool($0 % 2 == 0)])
      }
      try await store.upsert(documents, into: name, origin: StoreSample.passage)
      let sorted = documents.sorted {
        $0.document.id.utf8.lexicographicallyPrecedes($1.document.id.utf8)
      }
      for size in [1, 5, 12, 10_000] {
        var pages: [EmbeddedDocument] = []
        var after: String?
        while true {
          let page = try await store.list(name, filter: nil, limit: size, after: after, vectors: true)
          #expect(page.count <= size)
          guard let last = page.last else { break }
          pages += page
          after = last.document.id
        }
        #expect(pages == sorted)
      }
      let even = try await store.list(
        name, filter: .equals(field: "even", .bool(true)), limit: 100, after: "a", vectors: false)
      #expect(
        even.map(\.document)
          == sorted.map(\.document).filter {
            $0.metadata["even"] == .bool(true) && "a".utf8.lexicographicallyPrecedes($0.id.utf8)
          })
      // A page may begin behind an id that is not there.
      let between = try await store.list(name, filter: nil, limit: 1, after: "a00", vectors: false)
      #expect(between.map(\.document.id) == ["b"])
      for limit in [0, -1, 10_001, Int.max] {
        #expect(
          await storeErrorCode { () throws(RetrievalError) in
            try await store.list(name, filter: nil, limit: limit, after: nil, vectors: false)
          } == .invalidArgument)
      }
    },
    StoreBehaviour("the table of vectors has all that pass, and no more than asked for") { store, name in
      let documents = (0..<40).map {
        StoreSample.document("d\($0)", seed: $0, metadata: ["odd": .bool($0 % 2 == 1)])
      }
      try await store.upsert(documents, into: name, origin: StoreSample.passage)
      _ = try await store.delete(ids: ["d5"], from: name)
      let odd = Filter.equals(field: "odd", .bool(true))
      let expected = documents.filter { $0.document.metadata["odd"] == .bool(true) && $0.document.id != "d5" }
        .sorted { $0.document.id < $1.document.id }
      let table = try await store.vectors(name, filter: odd, limit: 19)
      #expect(table.dimension == StoreSample.dimension)
      #expect(table.ids == expected.map(\.document.id))
      #expect(table.values == expected.flatMap(\.vector))
      #expect(
        await storeErrorCode { () throws(RetrievalError) in
          try await store.vectors(name, filter: odd, limit: 18)
        } == .invalidArgument)
      #expect(try await store.vectors(name, filter: nil, limit: 100).ids.count == 39)
    },
  ]
}
