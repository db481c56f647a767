import Foundation
import Testing

import Retrieval

extension StoreBehaviour {
  static let searches = [
    StoreBehaviour("a search by vectors is that of the definition") { store, name in
      let documents = (0..<300).map {
        StoreSample.document("d\($0)", "text \($0)", seed: $0, metadata: ["third": .number(Double($0 % 3))])
      }
      for start in stride(from: 0, to: 300, by: 70) {
        try await store.upsert(
          Array(documents[start..<min(300, start + 70)]), into: name, origin: StoreSample.passage)
      }
      let queries = [7, 1_000, 1_001].map { StoreSample.vector($0) }
      let filter = Filter.equals(field: "third", .number(1))
      for method in SearchMethod.allCases {
        for filter in [nil, filter] {
          let found = try await store.search(
            name,
            VectorSearch(
              queries: queries, origin: StoreSample.query, limit: 10, filter: filter, method: method))
          #expect(found.count == queries.count)
          for (query, hits) in zip(queries, found) {
            let scored = documents.filter { filter?.matches($0.document.metadata) ?? true }.map { each in
              (each.document, zip(each.vector, query).reduce(Float(0)) { $0 + $1.0 * $1.1 })
            }.sorted { $0.1 > $1.1 }
            #expect(hits.count == 10)
            #expect(
              hits.map(\.document)
                == hits.map { hit in documents.first { $0.document.id == hit.id }?.document })
            // The approximate methods may miss a row at the end of the list; scores are always exact.
            for hit in hits {
              let score = scored.first { $0.0.id == hit.id }?.1
              #expect(score.map { abs($0 - hit.score) < 1e-5 } == true)
            }
            #expect(zip(hits, hits.dropFirst()).allSatisfy { $0.score >= $1.score })
            if method == .exact { #expect(hits.map(\.id) == scored.prefix(10).map(\.0.id)) }
          }
        }
      }
    },
    StoreBehaviour("equal scores are in the order of the ids, at the limit too") { store, name in
      // Ids fall while rows rise, over several calls.
      for start in stride(from: 90, through: 0, by: -10) {
        let documents = (start..<(start + 10)).reversed().map {
          StoreSample.document(String(format: "e%03d", $0), seed: 5)
        }
        try await store.upsert(documents, into: name, origin: StoreSample.passage)
      }
      try await store.upsert(
        [StoreSample.document("z best", seed: 6), StoreSample.document("z other", seed: 7)], into: name,
        origin: StoreSample.passage)
      for method in SearchMethod.allCases {
        for limit in [1, 3, 50, 100] {
          let hits = try await store.search(name, StoreSample.search(5, limit: limit, method: method))[0]
          #expect(hits.map(\.id) == (0..<limit).map { String(format: "e%03d", $0) })
        }
      }
    },
    StoreBehaviour("limits, numbers of queries and vectors out of bounds are refused") { store, name in
      for limit in [0, -1, 1_001, Int.max] {
        #expect(
          await storeErrorCode { () throws(RetrievalError) in
            try await store.search(name, StoreSample.search(1, limit: limit))
          } == .invalidArgument)
        #expect(
          await storeErrorCode { () throws(RetrievalError) in
            try await store.searchText(name, query: "a", limit: limit, filter: nil)
          } == .invalidArgument)
      }
      var search = StoreSample.search(1)
      search.queries = [StoreSample.vector(1).map { _ in Float.nan }]
      let wrong = search
      #expect(
        await storeErrorCode { () throws(RetrievalError) in try await store.search(name, wrong) }
          == .invalidArgument)
      search.queries = []
      #expect(try await store.search(name, search).isEmpty)
      // Of an empty collection, and more than there are.
      #expect(try await store.search(name, StoreSample.search(1)) == [[]])
      try await store.upsert([StoreSample.document("a")], into: name, origin: StoreSample.passage)
      #expect(try await store.search(name, StoreSample.search(1, limit: 1_000))[0].map(\.id) == ["a"])
    },
    StoreBehaviour("filters pass what their definition passes") { store, name in
      var generator = StoreGenerator(11)
      let documents = (0..<200).map { number in
        StoreSample.document(
          "d\(number)", "word", seed: number, metadata: RandomFilter.metadata(using: &generator))
      }
      try await store.upsert(documents, into: name, origin: StoreSample.passage)
      _ = try await store.delete(ids: (0..<200).filter { $0 % 9 == 0 }.map { "d\($0)" }, from: name)
      let kept = documents.enumerated().filter { $0.offset % 9 != 0 }.map(\.element.document)
      var passed = 0
      for round in 0..<150 {
        let filter = RandomFilter.filter(depth: 3, using: &generator)
        let expected = Set(kept.filter { filter.matches($0.metadata) }.map(\.id))
        passed += expected.count
        let listed = try await store.list(name, filter: filter, limit: 1_000, after: nil, vectors: false)
        #expect(Set(listed.map(\.document.id)) == expected, "\(filter)")
        let hits = try await store.search(
          name, StoreSample.search(round, limit: 1_000, filter: filter))[0]
        #expect(Set(hits.map(\.id)) == expected, "\(filter)")
        let worded = try await store.searchText(name, query: "words", limit: 1_000, filter: filter)
        #expect(Set(worded.map(\.id)) == expected, "\(filter)")
      }
      // The filters are of use: neither all nor nothing passes.
      #expect(passed > 150 * 10 && passed < 150 * 170)
    },
    StoreBehaviour("a filter that cannot be is refused everywhere") { store, name in
      let deep = (0..<100).reduce(Filter.has(field: "a", "b")) { filter, _ in .not(filter) }
      let wrongs: [Filter] = [
        deep, .equals(field: "", .bool(true)), .equals(field: "a' OR 1=1", .bool(true)),
        .compare(field: "a", .less, .nan), .oneOf(field: "a", Array(repeating: .number(1), count: 257)),
      ]
      for wrong in wrongs {
        #expect(
          await storeErrorCode { () throws(RetrievalError) in
            try await store.search(name, StoreSample.search(1, filter: wrong))
          } == .invalidArgument)
        #expect(
          await storeErrorCode { () throws(RetrievalError) in
            try await store.list(name, filter: wrong, limit: 1, after: nil, vectors: false)
          } == .invalidArgument)
        #expect(
          await storeErrorCode { () throws(RetrievalError) in
            try await store.searchText(name, query: "a", limit: 1, filter: wrong)
          } == .invalidArgument)
        #expect(
          await storeErrorCode { () throws(RetrievalError) in
            try await store.vectors(name, filter: wrong, limit: 1)
          } == .invalidArgument)
      }
    },
  ]
}

/// Filters and metadata over few fields and values, so that they meet.
package enum RandomFilter {
  package static func metadata(using generator: inout StoreGenerator) -> Metadata {
    var metadata: Metadata = [:]
    for field in ["a", "b", "c"] where Int.random(in: 0..<4, using: &generator) > 0 {
      metadata[field] = value(using: &generator)
    }
    return metadata
  }

  package static func value(using generator: inout StoreGenerator) -> MetadataValue {
    let words = ["x", "y", "", "\u{E9}", "e\u{301}"]
    func word() -> String { words[Int.random(in: 0..<words.count, using: &generator)] }
    switch Int.random(in: 0..<6, using: &generator) {
    case 0, 1: return .string(word())
    case 2: return .number([0, -0.0, 1, 1.5, -2][Int.random(in: 0..<5, using: &generator)])
    case 3: return .bool(Bool.random(using: &generator))
    default: return .strings((0..<Int.random(in: 0..<3, using: &generator)).map { _ in word() })
    }
  }

  package static func filter(depth: Int, using generator: inout StoreGenerator) -> Filter {
    let field = ["a", "b", "c", "absent"][Int.random(in: 0..<4, using: &generator)]
    func few() -> Int { Int.random(in: 0..<4, using: &generator) }
    switch Int.random(in: 0..<(depth > 0 ? 8 : 4), using: &generator) {
    case 0: return .equals(field: field, value(using: &generator))
    case 1: return .oneOf(field: field, (0..<few()).map { _ in value(using: &generator) })
    case 2: return .has(field: field, ["x", "\u{E9}"][Int.random(in: 0..<2, using: &generator)])
    case 3:
      return .compare(
        field: field, Filter.Comparison.allCases[few()], [0, 1, -3][Int.random(in: 0..<3, using: &generator)])
    case 4: return .all((0..<few()).map { _ in filter(depth: depth - 1, using: &generator) })
    case 5: return .any((0..<few()).map { _ in filter(depth: depth - 1, using: &generator) })
    default: return .not(filter(depth: depth - 1, using: &generator))
    }
  }
}
