import EmbeddingEngine
import Foundation
import Service
import TestSupport
import Testing

@testable import HTTPTransport

@Suite struct LiveEmbeddingTests {
  @Test func textsBecomeItemsInTheirOrder() async throws {
    let answer = try await Harness().ask(
      "POST", "/v1/embed", body: #"{"texts": ["하나", "", "two"], "role": "query"}"#)
    #expect(answer.status == 200)
    #expect(answer.headers["content-type"] == "application/json")
    #expect(answer.json["model"] as? String == "stub")
    let items = try #require(answer.json["items"] as? [[String: Any]])
    #expect(items.compactMap { $0["index"] as? Int } == [0, 1, 2])
    let codes = items.map { ($0["status"] as? [String: Any])?["code"] as? String }
    #expect(codes == ["OK", "INVALID_ARGUMENT", "OK"])
    let embedding = try #require(items[0]["embedding"] as? [String: Any])
    let values = try #require(embedding["values"] as? [Double])
    #expect(values.map { Float($0) } == StubEmbedder.vector("하나", prefix: "query: "))
    #expect(embedding["dimension"] as? Int == 8)
    let receipt = try #require(items[0]["receipt"] as? [String: Any])
    #expect(receipt["prefix"] as? String == "query: ")
    #expect(receipt["kept_end"] as? Int == 6)
    #expect(items[1]["embedding"] == nil && items[1]["receipt"] == nil)
    #expect((answer.json["timings"] as? [String: Any])?["total_ns"] != nil)
  }

  @Test(arguments: [("float16", 16), ("int8", 8), ("binary", 1)])
  func otherEncodingsAreBase64(_ encoding: String, _ bytes: Int) async throws {
    let answer = try await Harness().ask(
      "POST", "/v1/embed", body: #"{"texts": ["a"], "encoding": "\#(encoding)"}"#)
    let item = try #require((answer.json["items"] as? [[String: Any]])?.first)
    let embedding = try #require(item["embedding"] as? [String: Any])
    #expect(embedding["values"] == nil)
    #expect(embedding["encoding"] as? String == encoding)
    let data = try #require(embedding["data"] as? String)
    #expect(Data(base64Encoded: data)?.count == bytes)
    #expect((embedding["scale"] != nil) == (encoding == "int8"))
  }

  @Test func theServersRefusalsHaveTheirStatus() async throws {
    var harness = Harness()
    harness.limits.maximumTexts = 2
    #expect(
      try await harness.ask("POST", "/v1/embed", body: #"{"texts": ["a", "b", "c"]}"#).status == 400)
    #expect(
      try await harness.ask("POST", "/v1/embed", body: #"{"texts": [], "model": "x"}"#).errorCode
        == "NOT_FOUND")
    harness.embedder.behaviour.refusal = EngineError(
      code: .overloaded, message: "full", retryAfter: .milliseconds(40))
    let answer = try await harness.ask("POST", "/v1/embed", body: #"{"texts": ["a"]}"#)
    #expect(answer.status == 429 && answer.errorCode == "RESOURCE_EXHAUSTED")
    #expect(answer.headers["retry-after"] == "1")
    #expect((answer.json["error"] as? [String: Any])?["retry_after_ms"] as? Int == 40)
  }

  @Test func aDeadlineReachesTheEngine() async throws {
    let harness = Harness()
    let answer = try await harness.ask(
      "POST", "/v1/embed", body: #"{"texts": ["a"]}"#, headers: "Request-Timeout-Ms: 60000\r\n")
    #expect(answer.status == 200)
    #expect(harness.embedder.calls.first?.deadline != nil)
    for value in ["0", "-1", "x", "1.5", "999999999999999999999"] {
      let answer = try await harness.ask(
        "GET", "/v1/model", headers: "Request-Timeout-Ms: \(value)\r\n")
      #expect(answer.status == 400, "\(value)")
    }
  }

  @Test func theModelIsDescribed() async throws {
    let answer = try await Harness().ask("GET", "/v1/model")
    #expect(answer.status == 200)
    #expect(answer.json["version"] as? String == "1.2.3")
    #expect(answer.json["precision"] as? String == "f32")
    #expect((answer.json["contract"] as? [String: Any])?["dimension"] as? Int == 8)
    #expect((answer.json["limits"] as? [String: Any])?["maximum_texts"] as? Int == 512)
    #expect(answer.json["reranker"] == nil)
  }

  @Test func textsAreCompared() async throws {
    let answer = try await Harness().ask("POST", "/v1/similarity", body: #"{"texts": ["a", "", "a"]}"#)
    let scores = try #require(answer.json["scores"] as? [[Any]])
    #expect(scores.count == 3 && scores.allSatisfy { $0.count == 3 })
    #expect(abs((scores[0][2] as? Double ?? 0) - 1) < 1e-6)
    #expect(scores[1].allSatisfy { $0 is NSNull } && scores[0][1] is NSNull)
    let pairs = try await Harness().ask(
      "POST", "/v1/pairs",
      body: #"{"pairs": [{"first": "a", "second": "a"}, {"first": "a", "second": ""}]}"#)
    let items = try #require(pairs.json["scores"] as? [[String: Any]])
    #expect(abs((items[0]["score"] as? Double ?? 0) - 1) < 1e-6)
    #expect((items[1]["status"] as? [String: Any])?["code"] as? String == "INVALID_ARGUMENT")
    #expect(items[1]["score"] == nil)
  }

  @Test func withoutACrossEncoderThereIsNoReranking() async throws {
    let answer = try await Harness().ask(
      "POST", "/v1/rerank", body: #"{"query": "a", "passages": ["b"]}"#)
    #expect(answer.status == 501 && answer.errorCode == "UNIMPLEMENTED")
  }
}
