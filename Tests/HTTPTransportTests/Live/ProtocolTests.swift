import HTTPTypes
import Service
import TestSupport
import Testing

@testable import HTTPTransport

@Suite struct LiveProtocolTests {
  @Test(arguments: [
    ("GET", "/nothing", nil, 404, "NOT_FOUND"),
    ("GET", "/v1/embed", nil, 405, "UNIMPLEMENTED"),
    ("PATCH", "/v1/collections", "{}", 405, "UNIMPLEMENTED"),
    ("PROPFIND", "/v1/collections", nil, 405, "UNIMPLEMENTED"),
    ("POST", "/v1/embed", "{", 400, "INVALID_ARGUMENT"),
    ("GET", "/v1/model?x=1", nil, 400, "INVALID_ARGUMENT"),
    ("OPTIONS", "/nothing", nil, 404, "NOT_FOUND"),
  ] as [(String, String, String?, Int, String)])
  func everyRefusalHasOneShape(
    _ method: String, _ path: String, _ body: String?, _ status: Int, _ code: String
  ) async throws {
    let answer = try await Harness().ask(method, path, body: body)
    #expect(answer.status == status)
    #expect(answer.errorCode == code)
    #expect(answer.errorMessage?.isEmpty == false)
    #expect(answer.headers["content-type"] == "application/json")
    #expect((answer.headers["allow"] != nil) == (status == 405))
    #expect(answer.headers["date"] != nil && answer.headers["x-content-type-options"] == "nosniff")
  }

  @Test func bodiesMustBeJSON() async throws {
    for type in ["text/plain", "application/x-www-form-urlencoded", ""] {
      let answer = try await Harness().ask("POST", "/v1/embed", body: #"{"texts": []}"#, type: type)
      #expect(answer.status == 415 && answer.errorCode == "INVALID_ARGUMENT", "\(type)")
    }
    let answer = try await Harness().ask(
      "POST", "/v1/embed", body: #"{"texts": []}"#, type: "Application/JSON; charset=utf-8")
    #expect(answer.status == 200)
  }

  @Test func aBodyOverTheLimitIsRefusedEvenUnannounced() async throws {
    var harness = Harness()
    harness.limits.maximumMessageBytes = 1_000
    let announced = try await harness.ask(
      "POST", "/v1/embed", body: String(repeating: " ", count: 100_000))
    #expect(announced.status == 413 && announced.errorCode == "RESOURCE_EXHAUSTED")
    #expect(announced.headers["connection"] == "close")
    try await harness.serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send(
          "POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Transfer-Encoding: chunked\r\n\r\n7D0\r\n\(String(repeating: " ", count: 2_000))\r\n")
        let answer = try await wire.answer()
        #expect(answer.status == 413)
        #expect(try await wire.isOver())
      }
    }
  }

  @Test(arguments: [
    ("nonsense\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost: localhost\r\nX y: 1\r\n\r\n", 400),
    ("GET / HTTP/1.1\r\nHost: localhost\r\nX: \(String(repeating: "x", count: 20_000))\r\n\r\n", 431),
    ("POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
  ])
  func whatIsNotHTTPIsAnsweredAndClosed(_ bytes: String, _ status: Int) async throws {
    try await Harness().serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send(bytes)
        let answer = try await wire.answer()
        #expect(answer.status == status)
        #expect(answer.errorCode != nil && answer.headers["connection"] == "close")
        #expect(try await wire.isOver())
      }
    }
  }

  @Test func aBodyThatBreaksOffInItsFramingIsRefused() async throws {
    try await Harness().serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send(
          "POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Transfer-Encoding: chunked\r\n\r\nzz\r\n")
        let answer = try await wire.answer()
        #expect(answer.status == 400 && answer.errorCode == "INVALID_ARGUMENT")
      }
    }
  }

  @Test func aConnectionServesRequestAfterRequest() async throws {
    try await Harness().serve { port, _ in
      try await Wire.connect(port) { wire in
        for _ in 0..<3 {
          try await wire.send("POST", "/v1/embed", body: #"{"texts": ["a"]}"#)
          #expect(try await wire.answer().status == 200)
          try await wire.send("GET", "/nothing")
          #expect(try await wire.answer().status == 404)
        }
        // Two at once, and one whose body nobody reads.
        try await wire.send("POST", "/nothing", body: "{}")
        try await wire.send("GET", "/healthz")
        #expect(try await wire.answer().status == 404)
        #expect(try await wire.answer().status == 200)
        try await wire.send("GET", "/healthz", headers: "Connection: close\r\n")
        #expect(try await wire.answer().headers["connection"] == "close")
        #expect(try await wire.isOver())
      }
    }
  }

  @Test func headIsGetWithoutItsBody() async throws {
    try await Harness().serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send("HEAD", "/healthz")
        let head = try await wire.answer(toHead: true)
        try await wire.send("GET", "/healthz")
        let get = try await wire.answer()
        #expect(head.status == 200 && head.headers["content-length"] == get.headers["content-length"])
        try await wire.send("HEAD", "/v1/embed")
        #expect(try await wire.answer(toHead: true).status == 405)
        try await wire.send("OPTIONS", "/v1/collections")
        let options = try await wire.answer()
        #expect(options.status == 204 && options.headers["allow"] == "GET, POST, HEAD, OPTIONS")
      }
    }
  }

  @Test func aClientThatAsksFirstIsToldToContinue() async throws {
    try await Harness().serve { port, _ in
      try await Wire.connect(port) { wire in
        let body = #"{"texts": ["a"]}"#
        try await wire.send(
          "POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n")
        #expect(try await wire.head().status == 100)
        try await wire.send(body)
        #expect(try await wire.answer().status == 200)
      }
    }
  }

  @Test func aForeignNameIsRefused() async throws {
    try await Harness().serve { port, _ in
      for host in ["evil.example", "localhost.evil.example:\(port)"] {
        try await Wire.connect(port) { wire in
          try await wire.send("GET /healthz HTTP/1.1\r\nHost: \(host)\r\n\r\n")
          let answer = try await wire.answer()
          #expect(answer.status == 421 && answer.errorCode == "PERMISSION_DENIED")
        }
      }
      try await Wire.connect(port) { wire in
        try await wire.send("GET /healthz HTTP/1.1\r\n\r\n")
        #expect(try await wire.answer().status == 421)
      }
    }
  }

  @Test func otherOriginsNeedLeave() async throws {
    let origin = "Origin: https://page.example\r\n"
    let closed = try await Harness().ask("OPTIONS", "/v1/embed", headers: origin)
    #expect(closed.headers["access-control-allow-origin"] == nil)
    var harness = Harness()
    harness.configuration.allowedOrigins = ["https://page.example"]
    let open = try await harness.ask("OPTIONS", "/v1/embed", headers: origin)
    #expect(open.status == 204)
    #expect(open.headers["access-control-allow-origin"] == "https://page.example")
    #expect(open.headers["access-control-allow-headers"]?.contains("content-type") == true)
    let refusal = try await harness.ask("GET", "/nothing", headers: origin)
    #expect(refusal.headers["access-control-allow-origin"] == "https://page.example")
    let other = try await harness.ask("GET", "/healthz", headers: "Origin: https://other.example\r\n")
    #expect(other.headers["access-control-allow-origin"] == nil && other.headers["vary"] == "Origin")
  }

  @Test func thePageIsServedWithItsTag() async throws {
    try await Harness().serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send("GET", "/")
        let page = try await wire.answer()
        #expect(page.status == 200 && page.headers["content-type"] == "text/html; charset=utf-8")
        let policy = try #require(page.headers["content-security-policy"])
        #expect(policy.contains("default-src 'none'") && !policy.contains("http"))
        let tag = try #require(page.headers["etag"])
        try await wire.send("GET", "/index.html", headers: "If-None-Match: \(tag)\r\n")
        #expect(try await wire.answer().status == 304)
        try await wire.send("POST", "/", body: "{}")
        #expect(try await wire.answer().status == 405)
        for path in ["/../openapi.json", "/%2e%2e/openapi.json", "/page/index.html", "//"] {
          try await wire.send("GET", path)
          #expect(try await wire.answer().status == 404, "\(path)")
        }
      }
    }
  }

  @Test func damagedRequestsNeverStopTheServer() async throws {
    var harness = Harness()
    harness.configuration.headTimeout = .milliseconds(50)
    harness.configuration.bodyTimeout = .milliseconds(50)
    harness.configuration.idleTimeout = .milliseconds(50)
    let request = Array(
      ("POST /v1/embed HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        + "Content-Length: 31\r\n\r\n{\"texts\": [\"a\"], \"role\": \"raw\"}").utf8)
    try await harness.serve { port, _ in
      var generator = SeededGenerator(11)
      for _ in 0..<150 {
        var bytes = request
        for _ in 0..<Int.random(in: 1...4, using: &generator) {
          let place = Int.random(in: 0..<bytes.count, using: &generator)
          switch Int.random(in: 0..<3, using: &generator) {
          case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
          case 1: bytes.remove(at: place)
          default: bytes.insert(contentsOf: bytes[..<place].suffix(9), at: place)
          }
        }
        // On a busy machine the server may have closed the connection before anything is sent.
        try? await Wire.connect(port) { wire in
          try await wire.send(bytes)
          _ = try await wire.takeAll()
        }
      }
      var status: Int?
      for _ in 0..<100 where status == nil {
        status = try? await Wire.connect(port) { wire in
          try await wire.send("GET", "/healthz")
          return try await wire.answer().status
        }
      }
      #expect(status == 200)
    }
  }
}
