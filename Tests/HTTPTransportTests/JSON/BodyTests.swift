import Foundation
import ModelFiles
import Retrieval
import Service
import Testing
import Tokenization
import WireFormats

@Suite struct BodyTests {
  private func read<Body: Decodable>(_ type: Body.Type, _ text: String) throws(ServiceError) -> Body {
    try decodeJSON(type, from: Data(text.utf8))
  }

  private func fault<Body: Decodable>(_ type: Body.Type, _ text: String) -> String? {
    do {
      _ = try read(type, text)
      return nil
    } catch {
      #expect(error.code == .invalidArgument)
      return error.message
    }
  }

  @Test func everyOptionOfAnEmbeddingIsRead() throws {
    let body = try read(
      EmbedBody.self,
      """
      {"texts": ["a", "나"], "model": "m", "role": "query", "instruction": "find", "normalize": false,
       "truncate": "start", "dimensions": 4, "encoding": "int8"}
      """)
    #expect(body.texts == ["a", "나"])
    #expect(
      body.settings
        == EmbedSettings(
          model: "m", role: .query, instruction: "find",
          options: EmbedOptions(
            normalize: false, truncation: .start, dimensions: 4, encoding: .int8)))
    #expect(
      try read(EmbedBody.self, #"{"texts": [], "role": null}"#).settings == EmbedSettings())
  }

  @Test(arguments: [
    (#"{"texts": ["a"], "turncate": "end"}"#, "field 'turncate' is unknown"),
    (#"{"texts": ["a"], "truncate": "middle"}"#, "field 'truncate' must be one of error, end, start"),
    (#"{"texts": ["a", 7]}"#, "field 'texts[1]' must be a string"),
    (#"{"texts": "a"}"#, "field 'texts' must be a list"),
    (#"{"texts": ["a", null]}"#, "field 'texts[1]' must be a string, not null"),
    (#"{}"#, "field 'texts' is missing"),
    (#"{"texts": ["a"], "normalize": 1}"#, "field 'normalize' must be true or false"),
    (#"{"texts": ["a"], "dimensions": "4"}"#, "field 'dimensions' must be a whole number"),
    (#"{"texts": ["a"], "dimensions": 1.5}"#, "field 'dimensions' has a value that cannot be used"),
    (#"["a"]"#, "the body must be an object"),
    ("{\"texts\": [\"a\"]", "the body is not valid JSON"), ("", "the body is not valid JSON"),
    ("{\"texts\": [\"\u{5C}ud800\"]}", "field 'texts' has a value that cannot be used"),
  ])
  func aFaultIsNamedByItsField(_ text: String, _ expected: String) throws {
    let message = try #require(fault(EmbedBody.self, text))
    #expect(message.hasPrefix(expected), "\(message)")
  }

  @Test func valuesNeverStandInMessages() throws {
    for text in [
      #"{"texts": {"secret": 1}}"#, #"{"texts": ["a"], "role": "secret"}"#,
      #"{"texts": ["a"], "dimensions": "secret"}"#, "secret", #"{"texts": ["secret"#,
    ] {
      let message = try #require(fault(EmbedBody.self, text))
      #expect(!message.contains("secret"), "\(message)")
    }
  }

  @Test func aLongNameIsCutInMessages() throws {
    let message = try #require(
      fault(EmbedBody.self, "{\"\(String(repeating: "x", count: 10_000))\": 1}"))
    #expect(message.utf8.count < 300)
  }

  @Test func nestingIsBounded() {
    let depth = 100_000
    let text =
      "{\"texts\": " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth) + "}"
    #expect(fault(EmbedBody.self, text) == "the body is not valid JSON")
  }

  @Test func aDocumentIsRead() throws {
    let incoming = try read(
      DocumentBody.self,
      """
      {"id": "1", "title": "T", "text": "x", "vector": {"values": [0.5, -1], "model": "m",
       "fingerprint": "f", "prefix": "p"},
       "metadata": {"lang": "ko", "year": 1990, "ok": true, "one": 1, "tags": ["a", "b"], "none": []}}
      """
    ).incoming
    #expect(
      incoming
        == IncomingDocument(
          document: Document(
            id: "1", title: "T", text: "x",
            metadata: [
              "lang": .string("ko"), "year": .number(1990), "ok": .bool(true), "one": .number(1),
              "tags": .strings(["a", "b"]), "none": .strings([]),
            ]),
          vector: ForeignVector(
            values: [0.5, -1], origin: VectorOrigin(model: "m", fingerprint: "f", prefix: "p"))))
    #expect(try read(DocumentBody.self, #"{"_id": "7", "text": ""}"#).incoming.document.id == "7")
  }

  @Test(arguments: [
    (#"[{"id": "1", "text": "x", "txet": 1}]"#, "field '[0].txet' is unknown"),
    (#"{"documents": [{"id": "1", "text": 2}]}"#, "field 'documents[0].text' must be a string"),
    (#"[{"text": "x"}]"#, "field '[0].id' is missing"),
    (#"[{"id": "1", "_id": "2", "text": "x"}]"#, "a document has both"),
    (
      #"[{"id": "1", "text": "x", "metadata": {"a": {}}}]"#,
      "field '[0].metadata.a' must be a string, a number"
    ),
    (#"[{"id": "1", "text": "x", "vector": {"values": []}}]"#, "field '[0].vector.model' is missing"),
  ])
  func aFaultInADocumentIsNamed(_ text: String, _ expected: String) throws {
    let message = try #require(fault(UpsertBody.self, text))
    #expect(message.hasPrefix(expected), "\(message)")
  }

  @Test func aSearchIsRead() throws {
    let request = try read(
      SearchBody.self,
      """
      {"query": "날씨", "limit": 5, "filter": "a == 1", "mode": "hybrid", "method": "exact", "rerank": true,
       "rerank_candidates": 20, "ids_only": true, "instruction": "i", "vector_weight": 0.25}
      """
    ).request(in: "c")
    #expect(request.collection == "c")
    #expect(request.queries == ["날씨"])
    #expect(request.limit == 5 && request.filter == "a == 1")
    #expect(request.mode == .hybrid && request.method == .exact)
    #expect(request.rerank && request.rerankCandidates == 20 && !request.documents)
    #expect(request.instruction == "i" && request.vectorWeight == 0.25)
    #expect(
      fault(SearchBody.self, #"{"query": "a", "queries": ["b"]}"#)?.contains("both 'query' and 'queries'")
        == true)
    #expect(fault(SearchBody.self, "{}") == "field 'queries' is missing")
  }
}
