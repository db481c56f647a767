import GRPCTransport
import Service
import Testing
import WireFormats

/// `duri.v1.Embeddings` with the built-in model, at every depth.
@Suite struct EmbeddingsTests {
  @Test(arguments: Depth.allCases)
  func sameMeaningIsNearest(_ depth: Depth) async throws {
    try await withEmbeddings(depth) { server in
      let reply = try await server.embed(
        request(["오늘 날씨가 정말 좋네요.", "The weather is really nice today.", "He drove to the train station."]))
      #expect(reply.model == "duri-ko-en-bootstrap")
      #expect(reply.items.map(\.index) == [0, 1, 2])
      #expect(reply.items.allSatisfy { $0.status.code == 0 && $0.embedding.values.count == 384 })
      let vectors = reply.items.map(\.embedding.values)
      // The model's own document gives 0.904 and 0.018.
      #expect(abs(cosine(vectors[0], vectors[1]) - 0.904) < 0.005)
      #expect(abs(cosine(vectors[0], vectors[2]) - 0.018) < 0.005)
      #expect(reply.items[0].receipt.prefix == "query: ")
      #expect(reply.timings.totalNs > 0 && reply.timings.inferenceNs > 0)
    }
  }

  @Test(arguments: Depth.allCases)
  func oneBadTextFailsItsItemOnly(_ depth: Depth) async throws {
    try await withEmbeddings(depth, limits: ServiceLimits(maximumTextBytes: 100)) { server in
      let reply = try await server.embed(
        request(["좋은 아침입니다.", "  ", String(repeating: "가", count: 50), "Good morning."]))
      #expect(reply.items.map(\.status.code) == [0, 3, 3, 0])
      #expect(reply.items.map(\.hasEmbedding) == [true, false, false, true])
      #expect(reply.items[2].status.message.contains("150 bytes"))
      #expect(!reply.items[2].status.message.contains("가"))
    }
  }

  @Test(arguments: Depth.allCases)
  func optionsAreHonoured(_ depth: Depth) async throws {
    try await withEmbeddings(depth) { server in
      let text = "서울은 대한민국의 수도이다."
      let plain = try await server.embed(request([text]))
      var cut = request([text])
      cut.options.dimensions = 64
      cut.role = .passage
      let short = try await server.embed(cut)
      #expect(short.items[0].embedding.values.count == 64)
      #expect(abs(cosine(short.items[0].embedding.values, short.items[0].embedding.values) - 1) < 1e-5)
      #expect(short.items[0].receipt.prefix == "passage: ")
      var binary = request([text])
      binary.options.encoding = .binary
      let bits = try await server.embed(binary)
      #expect(bits.items[0].embedding.data.count == 48)
      for (index, value) in plain.items[0].embedding.values.enumerated() {
        let bit = bits.items[0].embedding.data[index / 8] >> (7 - UInt8(index % 8)) & 1
        #expect((bit == 1) == (value > 0))
      }
    }
  }

  @Test(arguments: Depth.allCases)
  func wrongSettingsFailTheCall(_ depth: Depth) async throws {
    try await withEmbeddings(depth, limits: ServiceLimits(maximumTexts: 2)) { server in
      var other = request(["text"])
      other.model = "another"
      await expect(.notFound) { _ = try await server.embed(other) }
      var instructed = request(["text"])
      instructed.instruction = "Find answers"
      await expect(.invalidArgument) { _ = try await server.embed(instructed) }
      var wide = request(["text"])
      wide.options.dimensions = 385
      await expect(.invalidArgument) { _ = try await server.embed(wide) }
      await expect(.invalidArgument) { _ = try await server.embed(request(["a", "b", "c"])) }
    }
  }

  @Test(arguments: Depth.allCases)
  func theModelDescribesItself(_ depth: Depth) async throws {
    try await withEmbeddings(depth) { server in
      let model = try await server.model(Duri_V1_GetModelRequest())
      #expect(model.contract.name == "duri-ko-en-bootstrap")
      #expect(model.contract.dimension == 384)
      #expect(model.contract.maximumTokens == 512)
      #expect(model.contract.prompts.passage == "passage: ")
      #expect(model.precision == "f32")
      #expect(model.limits.maximumTexts == 512)
      var other = Duri_V1_GetModelRequest()
      other.model = "another"
      await expect(.notFound) { _ = try await server.model(other) }
    }
  }

  private func request(_ texts: [String]) -> Duri_V1_EmbedRequest {
    var request = Duri_V1_EmbedRequest()
    request.texts = texts
    return request
  }
}

func cosine(_ a: [Float], _ b: [Float]) -> Float {
  func dot(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
  return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
}

/// Expects a call to fail with this status.
func expect(_ code: GRPCError.Code, _ call: () async throws -> Void) async {
  do {
    try await call()
    Issue.record("the call succeeded; \(code) was expected")
  } catch let error as GRPCError {
    #expect(error.code == code)
  } catch {
    Issue.record("\(error)")
  }
}
