import HTTP2
import Testing

@testable import GRPCTransport

struct RequestHeadTests {
  private func head(_ changes: (String, String?)...) throws -> RequestHead {
    var headers: Metadata = [
      .init(":method", "POST"), .init(":scheme", "http"), .init(":path", "/a.B/C"),
      .init("content-type", "application/grpc"),
    ]
    for (name, value) in changes {
      headers.removeAll { $0.name == name }
      if let value { headers.append(.init(name, value)) }
    }
    return try RequestHead(headers)
  }

  private func rejection(_ changes: (String, String?)...) throws -> RequestHead.Rejection {
    try #require(throws: RequestHead.Rejection.self) {
      var headers: Metadata = [
        .init(":method", "POST"), .init(":path", "/a.B/C"), .init("content-type", "application/grpc"),
      ]
      for (name, value) in changes {
        headers.removeAll { $0.name == name }
        if let value { headers.append(.init(name, value)) }
      }
      _ = try RequestHead(headers)
    }
  }

  @Test func readsAPlainHead() throws {
    let head = try head(("x-id", "7"))
    #expect(head.path == "/a.B/C")
    #expect(head.timeout == nil)
    #expect(head.encoding == .identity)
    #expect(head.metadata.first("x-id") == "7")
  }

  @Test func readsTimeoutAndEncoding() throws {
    let head = try head(("grpc-timeout", "5S"), ("grpc-encoding", "gzip"))
    #expect(head.timeout == .seconds(5))
    #expect(head.encoding == .gzip)
    #expect(try self.head(("grpc-encoding", "deflate")).encoding == .deflate)
    #expect(try self.head(("grpc-encoding", "identity")).encoding == .identity)
  }

  @Test(arguments: [
    "application/grpc", "application/grpc+proto", "Application/GRPC", "application/grpc; x=y",
    "application/grpc+proto;charset=utf-8",
  ])
  func takesContentTypes(_ value: String) throws {
    _ = try head(("content-type", value))
  }

  @Test(arguments: [
    nil, "", "application/json", "application/grpc-web", "application/grpc+json", "text/plain",
    "application/grpcx",
  ])
  func refusesOtherContentTypes(_ value: String?) throws {
    guard case .http(let status, _) = try rejection(("content-type", value)) else {
      Issue.record("not refused as HTTP")
      return
    }
    #expect(status == 415)
  }

  @Test(arguments: [nil, "GET", "PUT", "post", "CONNECT"])
  func refusesOtherMethods(_ value: String?) throws {
    guard case .http(let status, _) = try rejection((":method", value)) else {
      Issue.record("not refused as HTTP")
      return
    }
    #expect(status == 405)
  }

  @Test func refusesAMalformedTimeout() throws {
    guard case .grpc(let error) = try rejection(("grpc-timeout", "soon")) else {
      Issue.record("not refused as gRPC")
      return
    }
    #expect(error.code == .invalidArgument)
  }

  @Test func refusesAnEncodingAndTellsWhichItKnows() throws {
    guard case .grpc(let error) = try rejection(("grpc-encoding", "snappy")) else {
      Issue.record("not refused as gRPC")
      return
    }
    #expect(error.code == .unimplemented)
    #expect(error.metadata.first("grpc-accept-encoding") == "identity,gzip,deflate")
  }
}
