import Service
import Synchronization
import Testing
import WireFormats

@testable import DuriServer
@testable import GRPCTransport

@Suite struct EmbedStreamTests {
  @Test(arguments: Depth.allCases, [false, true])
  func everyTextComesBackOnce(_ depth: Depth, ordered: Bool) async throws {
    try await withEmbeddings(depth, limits: ServiceLimits(streamWindow: 64)) { server in
      let count = 300
      // Lengths differ, so that blocks finish out of order.
      let texts = (0..<count).map { number in
        var text = Duri_V1_StreamText()
        text.id = "글-\(number)"
        text.text = String(repeating: "문장 \(number). ", count: 1 + number * 7 % 20)
        return text
      }
      var requests = stride(from: 0, to: count, by: 37).map { begin in
        var request = Duri_V1_EmbedStreamRequest()
        request.texts = Array(texts[begin..<min(begin + 37, count)])
        return request
      }
      requests[0].settings.ordered = ordered
      requests[0].settings.role = .passage
      let items = try await server.stream(requests)
      #expect(items.count == count)
      #expect(items.allSatisfy { $0.status.code == 0 && $0.id == "글-\($0.index)" })
      #expect(Set(items.map(\.index)).count == count)
      #expect(items.allSatisfy { $0.receipt.prefix == "passage: " })
      if ordered { #expect(items.map(\.index) == (0..<UInt64(count)).map { $0 }) }
    }
  }

  @Test(arguments: Depth.allCases)
  func badTextsFailTheirItemsOnly(_ depth: Depth) async throws {
    try await withEmbeddings(depth) { server in
      var request = Duri_V1_EmbedStreamRequest()
      request.settings.ordered = true
      request.texts = ["하나", "", "둘"].map { text in
        var item = Duri_V1_StreamText()
        item.text = text
        return item
      }
      let items = try await server.stream([request])
      #expect(items.map(\.status.code) == [0, 3, 0])
    }
  }

  @Test func aStreamOfNothingEndsWell() async throws {
    for depth in Depth.allCases {
      try await withEmbeddings(depth) { server in
        let items = try await server.stream([Duri_V1_EmbedStreamRequest()])
        #expect(items.isEmpty)
      }
    }
  }

  @Test func settingsBelongOnTheFirstMessage() async throws {
    try await withEmbeddings(.inProcess) { server in
      var late = Duri_V1_EmbedStreamRequest()
      late.settings.ordered = true
      await expect(.invalidArgument) { _ = try await server.stream([late, late]) }
    }
  }

  /// The heart of flow control: while the client does not read, no more than the window is in work.
  @Test func aClientThatDoesNotReadStopsTheComputing() async throws {
    let window = 64
    let service = EmbeddingService(
      embedder: try BuiltIn.model.get().embedder, limits: ServiceLimits(streamWindow: window))
    let routes = try ServerRoutes.make(
      operations: try Operations(embeddings: service, fingerprint: "test"),
      health: HealthState(services: ServerRoutes.services))
    let handler = try #require(routes.handler(for: "/duri.v1.Embeddings/EmbedStream"))
    let call = InProcessCall(path: "/duri.v1.Embeddings/EmbedStream", reads: false)
    let count = 40
    for number in 0..<count {
      var request = Duri_V1_EmbedStreamRequest()
      request.texts = (0..<16).map { _ in
        var text = Duri_V1_StreamText()
        text.text = "문장 \(number)"
        return text
      }
      call.push(try request.serializedBytes())
    }
    call.server.inbox.finish()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { _ = try await handler.run(call.server) }
      // The first message is sent and waits; what is embedded meanwhile stays inside the window.
      while call.sent.all.isEmpty { await Task.yield() }
      let computed = try BuiltIn.model.get().embedder.load.computedTexts
      #expect(call.sent.all.count == 1)
      call.sent.read()
      try await group.waitForAll()
      let after = try BuiltIn.model.get().embedder.load.computedTexts
      // Everything beyond one window was computed only after the client had read.
      #expect(after - computed >= UInt64(count * 16 - window))
    }
    let items = try call.sent.all.flatMap {
      try Duri_V1_EmbedStreamResponse(serializedBytes: $0).items
    }
    #expect(Set(items.map(\.index)).count == count * 16)
  }
}
