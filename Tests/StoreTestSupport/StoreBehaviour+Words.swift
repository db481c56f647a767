import Foundation
import Testing

import Retrieval

extension StoreBehaviour {
  private static let texts = [
    "seoul": "서울은 대한민국의 수도이다.",
    "busan": "부산은 바다가 아름다운 항구 도시이다.",
    "hospital": "서울대학교병원에서 진료를 받았다.",
    "school": "종교가 없는 사람도 많다.",
    "meeting": "국제회의는 내일 열린다.",
    "cats": "Two cats are sleeping on the boxes.",
    "cat": "A cat in a box, and Seoul's café.",
    "mixed": "AI는 GPT-4를 2,024년에 K팝처럼 썼다.",
    "japanese": "東京都に住んでいます。カメラが好きです。",
    "jamo": "한글은 세종대왕이 만들었다.".decomposedStringWithCanonicalMapping,
    "wide": "ＦＵＬＬ ｗｉｄｔｈ １２３",
  ]

  static let words = [
    StoreBehaviour("words are found in Korean, English and mixed text") { store, name in
      try await store.upsert(
        texts.map { StoreSample.document($0.key, $0.value) }, into: name, origin: StoreSample.passage)
      func found(_ query: String) async throws -> Set<String> {
        Set(try await store.searchText(name, query: query, limit: 20, filter: nil).map(\.id))
      }
      func best(_ query: String) async throws -> String? {
        try await store.searchText(name, query: query, limit: 1, filter: nil).first?.id
      }
      // Particles hide no noun.
      #expect(try await found("서울에서") == ["seoul", "hospital"])
      #expect(try await found("서울") == ["seoul", "hospital"])
      #expect(try await best("서울은") == "seoul")
      #expect(try await found("바다는") == ["busan"])
      #expect(try await best("사람들이") == "school")
      // Nouns inside compounds, also those that end like a particle.
      #expect(try await found("병원") == ["hospital"])
      #expect(try await found("대학교의").contains("hospital"))
      #expect(try await best("회의") == "meeting")
      // A noun that ends alike is not found.
      #expect(try await found("학교가") == ["hospital"])
      // English.
      #expect(try await found("CATS") == ["cat", "cats"])
      #expect(try await found("boxes") == ["cat", "cats"])
      #expect(try await found("cafe") == ["cat"])
      #expect(try await found("seoul") == ["cat"])
      // Mixed text, digits, other scripts and forms.
      #expect(try await found("AI") == ["mixed"])
      #expect(try await found("gpt 4") == ["mixed"])
      #expect(try await found("2024") == ["mixed"])
      #expect(try await found("full WIDTH") == ["wide"])
      #expect(try await found("123") == ["wide"])
      #expect(try await found("東京") == ["japanese"])
      #expect(try await found("ｶﾒﾗ") == ["japanese"])
      #expect(try await found("세종대왕") == ["jamo"])
    },
    StoreBehaviour("a query without a word finds nothing and is no error") { store, name in
      try await store.upsert(
        texts.map { StoreSample.document($0.key, $0.value) }, into: name, origin: StoreSample.passage)
      let queries = [
        "", " \n\t", "은 는 이 가", "에서", "까지 부터", "?!…", "\"", "\" OR \"", "*", "(", ")", "^:{}-+",
        "\u{0}", "\u{1F9E1}", "'; --", "%_", "\\",
      ]
      for query in queries {
        #expect(try await store.searchText(name, query: query, limit: 5, filter: nil) == [])
      }
      // What looks like the index's own syntax is words.
      for query in ["cat AND dog", "NEAR(cat box)", "words:cat", "cat*", "\"cat", "-cat", "{cat}"] {
        let hits = try await store.searchText(name, query: query, limit: 5, filter: nil)
        #expect(hits.contains { $0.id == "cat" }, "\(query)")
      }
      let long = String(repeating: "서울에서 만난 cat ", count: 5_000)
      let hits = try await store.searchText(name, query: long, limit: 5, filter: nil)
      #expect(Set(hits.map(\.id)) == ["seoul", "hospital", "cat", "cats"])
    },
    StoreBehaviour("the better match by words is first, within the limit and the filter") { store, name in
      var documents = (0..<40).map {
        StoreSample.document("f\($0)", "common filler number \($0)", metadata: ["n": .number(Double($0))])
      }
      documents.append(StoreSample.document("both", "rare common", metadata: ["n": .number(100)]))
      documents.append(
        StoreSample.document("title", "something else", title: "rare", metadata: ["n": .number(-1)]))
      try await store.upsert(documents, into: name, origin: StoreSample.passage)
      let hits = try await store.searchText(name, query: "rare common", limit: 5, filter: nil)
      #expect(hits.count == 5)
      #expect(Set(hits.prefix(2).map(\.id)) == ["both", "title"])
      #expect(zip(hits, hits.dropFirst()).allSatisfy { $0.score >= $1.score })
      #expect(hits.first?.document != nil)
      let filtered = try await store.searchText(
        name, query: "rare common", limit: 50, filter: .compare(field: "n", .less, 3))
      #expect(filtered.map(\.id) == ["title", "f0", "f1", "f2"])
    },
  ]
}
