import Foundation
import Service
import TestSupport
import Testing

@testable import HTTPTransport

@Suite struct LiveCollectionTests {
  /// Runs requests one after the other against one server and one connection.
  private func session(
    _ harness: Harness = Harness(), _ use: @escaping @Sendable (inout Wire) async throws -> Void
  ) async throws {
    try await harness.serve { port, _ in
      try await Wire.connect(port) { wire in try await use(&wire) }
    }
  }

  @Test func theCrossEncoderGetsAsManyHitsAsAreAskedFor() async throws {
    let reranker = StubReranker()
    // Fewer texts a call than candidates: that limit is about clients.
    var limits = ServiceLimits()
    limits.maximumTexts = 3
    try await session(Harness(limits: limits, reranker: reranker)) { wire in
      try await wire.send("POST", "/v1/collections", body: #"{"name": "notes"}"#)
      #expect(try await wire.answer().status == 201)
      for id in 0..<7 {
        try await wire.send(
          "POST", "/v1/collections/notes/documents",
          body: #"[{"id": "\#(id)", "text": "\#(String(repeating: "a", count: id + 1))"}]"#)
        #expect(try await wire.answer().json["inserted"] as? Int == 1)
      }
      try await wire.send(
        "POST", "/v1/collections/notes/search",
        body: #"{"query": "aa", "limit": 1, "rerank": true, "rerank_candidates": 5}"#)
      let results = try #require(try await wire.answer().json["results"] as? [[String: Any]])
      let hits = try #require(results.first?["hits"] as? [[String: Any]])
      let passages = try #require(reranker.calls.first?.input.passages)
      #expect(passages.count == 5 && hits.count == 1)
      // The stub's score is the length.
      let longest = passages.map(\.utf8.count).max() ?? 0
      #expect(hits.first?["id"] as? String == "\(longest - 1)")
    }
  }

  @Test func aCollectionLives() async throws {
    try await session { wire in
      try await wire.send("POST", "/v1/collections", body: #"{"name": "notes"}"#)
      let made = try await wire.answer()
      #expect(made.status == 201 && made.headers["location"] == "/v1/collections/notes")
      #expect((made.json["contract"] as? [String: Any])?["passage_prefix"] as? String == "passage: ")
      try await wire.send("POST", "/v1/collections", body: #"{"name": "notes"}"#)
      let again = try await wire.answer()
      #expect(again.status == 409 && again.errorCode == "ALREADY_EXISTS")
      try await wire.send(
        "POST", "/v1/collections", body: #"{"name": "x", "contract": {"dimension": 9}}"#)
      #expect(try await wire.answer().status == 412)

      try await wire.send(
        "POST", "/v1/collections/notes/documents",
        body: #"[{"id": "a/1", "text": "apple", "metadata": {"n": 1}}, {"id": "b", "text": ""}]"#)
      let upsert = try await wire.answer()
      #expect(upsert.json["inserted"] as? Int == 1 && upsert.json["settled"] as? Int == 2)
      let failures = try #require(upsert.json["failures"] as? [[String: Any]])
      #expect(failures.first?["index"] as? Int == 1 && failures.first?["id"] as? String == "b")

      try await wire.send("GET", "/v1/collections/notes/documents/a%2F1?vectors=true")
      let document = try await wire.answer()
      #expect(document.json["text"] as? String == "apple")
      #expect((document.json["metadata"] as? [String: Any])?["n"] as? Int == 1)
      let vector = try #require(document.json["vector"] as? [String: Any])
      #expect((vector["values"] as? [Double])?.count == 8 && vector["prefix"] as? String == "passage: ")

      try await wire.send(
        "POST", "/v1/collections/notes/search", body: #"{"query": "apple", "limit": 3}"#)
      let search = try await wire.answer()
      let results = try #require(search.json["results"] as? [[String: Any]])
      let hit = try #require((results.first?["hits"] as? [[String: Any]])?.first)
      #expect(hit["id"] as? String == "a/1" && hit["vector_rank"] as? Int == 1)
      #expect((hit["document"] as? [String: Any])?["text"] as? String == "apple")

      try await wire.send("DELETE", "/v1/collections/notes/documents/a%2F1")
      #expect(try await wire.answer().status == 204)
      try await wire.send("DELETE", "/v1/collections/notes/documents/a%2F1")
      #expect(try await wire.answer().errorCode == "NOT_FOUND")
      try await wire.send("DELETE", "/v1/collections/notes")
      #expect(try await wire.answer().status == 204)
      try await wire.send("GET", "/v1/collections/notes")
      #expect(try await wire.answer().errorCode == "NOT_FOUND")
      try await wire.send("GET", "/v1/collections")
      #expect((try await wire.answer().json["collections"] as? [Any])?.isEmpty == true)
    }
  }

  @Test func whatIsExportedCanComeInAgain() async throws {
    try await session { wire in
      for name in ["one", "two"] {
        try await wire.send("POST", "/v1/collections", body: #"{"name": "\#(name)"}"#)
        #expect(try await wire.answer().status == 201)
      }
      let lines = (0..<300).map { #"{"id":"\#($0)","text":"text \#($0)","metadata":{"n":\#($0)}}"# }
      try await wire.send(
        "POST", "/v1/collections/one/documents", body: lines.joined(separator: "\n"),
        type: "application/x-ndjson")
      let upsert = try await wire.answer()
      #expect(upsert.headers["content-type"] == "application/x-ndjson")
      #expect(upsert.lines.last?["settled"] as? Int == 300)
      #expect(upsert.lines.reduce(0) { $0 + ($1["inserted"] as? Int ?? 0) } == 300)

      try await wire.send("GET", "/v1/collections/one/export?vectors=true")
      let first = try await wire.answer()
      #expect(first.lines.count == 300)
      try await wire.send(
        "POST", "/v1/collections/two/documents", body: first.body, type: "application/x-ndjson")
      #expect(try await wire.answer().lines.last?["settled"] as? Int == 300)
      try await wire.send("GET", "/v1/collections/two/export?vectors=true")
      #expect(try await wire.answer().body == first.body)

      try await wire.send("GET", "/v1/collections/two/documents?page_size=200")
      let page = try await wire.answer()
      let token = try #require(page.json["next_page_token"] as? String)
      #expect((page.json["documents"] as? [Any])?.count == 200 && !token.isEmpty)
      try await wire.send("GET", "/v1/collections/two/documents?page_size=200&page_token=\(token)")
      let last = try await wire.answer()
      #expect((last.json["documents"] as? [Any])?.count == 100)
      #expect(last.json["next_page_token"] as? String == "")
      try await wire.send("POST", "/v1/collections/two/documents/delete", body: #"{"ids": ["1", "x"]}"#)
      #expect(try await wire.answer().json["deleted"] as? Int == 1)
    }
  }

  @Test func badLinesFailAloneUnderTheirOwnNumber() async throws {
    var harness = Harness()
    harness.limits.maximumMessageBytes = 200
    let long = String(repeating: "x", count: 300)
    let body = """
      {"id": "a", "text": "1"}

      not JSON
      {"id": "b", "text": "\(long)"}
      {"id": "c", "txet": "3"}
      {"id": "d", "text": ""}
      {"id": "e", "text": "5"}
      """
    try await session(harness) { wire in
      try await wire.send("POST", "/v1/collections", body: #"{"name": "n"}"#)
      #expect(try await wire.answer().status == 201)
      try await wire.send(
        "POST", "/v1/collections/n/documents", body: body, type: "application/jsonl; charset=utf-8")
      let answer = try await wire.answer()
      let failures = answer.lines.flatMap { $0["failures"] as? [[String: Any]] ?? [] }
      #expect(failures.compactMap { $0["index"] as? Int } == [1, 2, 3, 4])
      #expect(answer.lines.last?["settled"] as? Int == 6)
      #expect(answer.lines.reduce(0) { $0 + ($1["inserted"] as? Int ?? 0) } == 2)
    }
  }

  @Test func documentsAreSettledWhileOthersAreStillToCome() async throws {
    try await session { wire in
      try await wire.send("POST", "/v1/collections", body: #"{"name": "n"}"#)
      #expect(try await wire.answer().status == 201)
      try await wire.send(
        "POST /v1/collections/n/documents HTTP/1.1\r\nHost: localhost\r\n"
          + "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n")
      #expect(try await wire.head().status == 200)
      var settled = 0
      for number in 0..<5 {
        // A line cut in two, so that a piece of the body is not a line.
        let line = #"{"id": "\#(number)", "text": "x"}"# + "\n", half = line.utf8.count / 2
        for part in [line.prefix(half), line.dropFirst(half)] {
          try await wire.send("\(String(part.utf8.count, radix: 16))\r\n\(part)\r\n")
        }
        let chunk = try #require(try await wire.chunk())
        settled += 1
        #expect(chunk.contains("\"settled\":\(settled)"))
      }
      try await wire.send("0\r\n\r\n")
      #expect(try await wire.chunk() == nil)
      // The connection goes on.
      try await wire.send("GET", "/v1/collections/n")
      #expect(try await wire.answer().json["count"] as? Int == 5)
    }
  }

  @Test func aStreamThatCannotBeginHasAStatusOfItsOwn() async throws {
    let harness = Harness()
    #expect(
      try await harness.ask(
        "POST", "/v1/collections/none/documents", body: "{}", type: "application/x-ndjson"
      ).status == 404)
    #expect(try await harness.ask("GET", "/v1/collections/none/export").status == 404)
    #expect(
      try await harness.ask("POST", "/v1/collections/n/documents", body: "a,b", type: "text/csv").status
        == 415)
  }

  @Test func aFailureWithinAStreamIsItsLastLine() async throws {
    let harness = Harness()
    harness.embedder.behaviour.refusal = .init(code: .shuttingDown, message: "stopping")
    try await session(harness) { wire in
      try await wire.send("POST", "/v1/collections", body: #"{"name": "n"}"#)
      #expect(try await wire.answer().status == 201)
      try await wire.send(
        "POST", "/v1/collections/n/documents", body: #"{"id": "1", "text": "x"}"#,
        type: "application/x-ndjson")
      let answer = try await wire.answer()
      #expect(answer.status == 200)
      #expect((answer.lines.last?["error"] as? [String: Any])?["code"] as? String == "UNAVAILABLE")
    }
  }

  @Test func allVectorsTogetherAreAsked() async throws {
    try await session { wire in
      try await wire.send("POST", "/v1/collections", body: #"{"name": "n"}"#)
      #expect(try await wire.answer().status == 201)
      let documents = (0..<12).map { #"{"id": "\#($0)", "text": "same"}"# }.joined(separator: ",")
      try await wire.send("POST", "/v1/collections/n/documents", body: #"{"documents": [\#(documents)]}"#)
      #expect(try await wire.answer().json["inserted"] as? Int == 12)
      try await wire.send("POST", "/v1/collections/n/mine", body: #"{"limit": 4}"#)
      #expect((try await wire.answer().json["pairs"] as? [Any])?.count == 4)
      try await wire.send("POST", "/v1/collections/n/communities", body: #"{"minimum_size": 3}"#)
      #expect((try await wire.answer().json["communities"] as? [Any])?.count == 1)
      try await wire.send("POST", "/v1/collections/n/cluster", body: #"{"clusters": 1}"#)
      #expect((try await wire.answer().json["clusters"] as? [Any])?.count == 1)
      try await wire.send("POST", "/v1/collections/n/project", body: #"{"texts": ["other"]}"#)
      let map = try await wire.answer()
      #expect((map.json["documents"] as? [Any])?.count == 12 && (map.json["texts"] as? [Any])?.count == 1)
      try await wire.send("POST", "/v1/collections/n/cluster", body: #"{"clusters": 0}"#)
      #expect(try await wire.answer().status == 400)
    }
  }
}
