import EmbeddingEngine
import ModelFiles
import Synchronization
import TestSupport
import Testing
import Tokenization

@testable import Service

@Suite struct OutcomeTests {
  private static let limits = ServiceLimits(maximumTexts: 6, maximumTextBytes: 10)
  private static let tooLong = "this text is too long"

  private func service(_ embedder: StubEmbedder = StubEmbedder()) -> EmbeddingService {
    EmbeddingService(embedder: embedder, limits: Self.limits)
  }

  private func vector(_ outcome: EmbeddingService.Outcome) -> [Float]? {
    guard case .success(let text) = outcome, case .float32(let vector) = text.vector.storage
    else { return nil }
    return vector
  }

  // MARK: - Index mapping

  @Test(arguments: [false, true])
  func everyTextHasItsOwnOutcome(backwards: Bool) async throws {
    let embedder = StubEmbedder(
      behaviour: .init(
        failure: { input in
          input.text == "bad"
            ? EngineError(code: .nonFinite, message: "the vector is not finite") : nil
        }, deliversBackwards: backwards))
    let texts = [Self.tooLong, "하나", "bad", Self.tooLong, "two", "three"]
    let reply = try await service(embedder).embed(texts, settings: EmbedSettings())
    #expect(reply.outcomes.count == texts.count)
    let oversized = ServiceError(.invalidArgument, "text has 21 bytes; the limit is 10, split it")
    for (index, text) in texts.enumerated() {
      switch text {
      case Self.tooLong: #expect(reply.outcomes[index] == .failure(oversized))
      case "bad":
        #expect(
          reply.outcomes[index] == .failure(ServiceError(.internal, "the vector is not finite")))
      default: #expect(vector(reply.outcomes[index]) == StubEmbedder.vector(text))
      }
    }
    // Oversized texts never reach the engine.
    #expect(embedder.calls.map { $0.inputs.map(\.text) } == [["하나", "bad", "two", "three"]])
  }

  @Test func eachIndexIsDeliveredOnce() async throws {
    let service = service()
    let counts = Mutex([Int](repeating: 0, count: 4))
    let plan = try service.plan(EmbedSettings())
    try await service.embed(
      ["a", Self.tooLong, "b", ""], plan: plan, deadline: nil, admission: .waiting
    ) { index, _ in
      counts.withLock { $0[index] += 1 }
    }
    #expect(counts.withLock { $0 } == [1, 1, 1, 1])
  }

  @Test func oversizedTextsAloneNeedNoEngine() async throws {
    let embedder = StubEmbedder()
    let reply = try await service(embedder).embed(
      [Self.tooLong, Self.tooLong], settings: EmbedSettings())
    #expect(reply.outcomes.allSatisfy { $0.code == .invalidArgument })
    #expect(embedder.calls.isEmpty)
    #expect(reply.stages == .zero)
  }

  @Test func noTextsGiveNoOutcomes() async throws {
    let reply = try await service().embed([], settings: EmbedSettings())
    #expect(reply.outcomes.isEmpty)
  }

  // MARK: - Limits

  @Test func theByteLimitCountsUTF8Bytes() async throws {
    let reply = try await service().embed(
      ["0123456789", "0123456789a", "두리두a", "두리두리"], settings: EmbedSettings())
    #expect(reply.outcomes.map(\.code) == [nil, .invalidArgument, nil, .invalidArgument])
  }

  @Test func tooManyTextsAreRefusedAsAWhole() async throws {
    let embedder = StubEmbedder()
    let service = service(embedder)
    let texts = [String](repeating: "a", count: 7)
    let error = await #expect(throws: ServiceError.self) {
      try await service.embed(texts, settings: EmbedSettings())
    }
    #expect(error?.code == .invalidArgument)
    #expect(error?.message == "7 texts in one call; the limit is 6, use a stream for more")
    #expect(embedder.calls.isEmpty)
    let reply = try await service.embed(Array(texts.dropLast()), settings: EmbedSettings())
    #expect(reply.outcomes.count == 6)
  }

  // MARK: - Encodings and timings

  @Test(arguments: VectorEncoding.allCases)
  func vectorsComeInTheEncodingAskedFor(encoding: VectorEncoding) async throws {
    let options = EmbedOptions(dimensions: 5, encoding: encoding)
    let reply = try await service().embed(["a"], settings: EmbedSettings(options: options))
    let expected = EncodedVector(StubEmbedder.vector("a", dimensions: 5), as: encoding)
    #expect(try reply.outcomes[0].get().vector == expected)
  }

  @Test func receiptsAndTimingsArePassedOn() async throws {
    let timings = StageTimings(
      tokenization: .microseconds(1), queue: .microseconds(2), inference: .microseconds(3))
    let embedder = StubEmbedder(
      contract: .stub(maximumTokens: 12, prompts: .e5), behaviour: .init(timings: timings))
    let reply = try await service(embedder).embed(
      ["0123456789"], settings: EmbedSettings(role: .query))
    #expect(reply.stages == timings)
    #expect(reply.total >= .zero)
    let receipt = try reply.outcomes[0].get().receipt
    #expect(receipt.prefix == "query: ")
    #expect(receipt.truncated)
    #expect(receipt.tokens == 19)
    #expect(receipt.tokensUsed == 12)
    #expect(receipt.kept == 0..<3)
  }

  // MARK: - Drops

  @Test func cancellationReachesTheTextsThatWait() async throws {
    let gate = Gate(permits: 1)
    let service = service(StubEmbedder(behaviour: .init(gate: gate)))
    let task = Task { try await service.embed(["a", Self.tooLong, "b"], settings: EmbedSettings()) }
    await gate.waitUntilHeld()
    task.cancel()
    let reply = try await task.value
    #expect(reply.outcomes.map(\.code) == [nil, .invalidArgument, .cancelled])
  }

  @Test func aPastDeadlineDropsEveryTextThatTheEngineSees() async throws {
    let reply = try await service().embed(
      ["a", Self.tooLong], settings: EmbedSettings(), deadline: .now - .seconds(1))
    #expect(reply.outcomes.map(\.code) == [.deadlineExceeded, .invalidArgument])
  }

  @Test func aDeadlineThatPassesMeanwhileDropsWhatStillWaits() async throws {
    let gate = Gate(permits: 1)
    let reply = try await service(StubEmbedder(behaviour: .init(gate: gate))).embed(
      ["a", "b", "c"], settings: EmbedSettings(), deadline: .now + .seconds(1))
    #expect(reply.outcomes.map(\.code) == [nil, .deadlineExceeded, .deadlineExceeded])
    #expect(gate.held == 0)
  }

  // MARK: - Outcome list

  @Test func outcomesMayArriveFromManyThreads() async {
    let list = OutcomeList(count: 64)
    await withTaskGroup { group in
      for index in (0..<64).shuffled() where index != 9 {
        group.addTask { list.set(index, .failure(ServiceError(.notFound, "\(index)"))) }
      }
    }
    for (index, outcome) in list.taken().enumerated() {
      guard case .failure(let error) = outcome else {
        Issue.record("outcome \(index) is no failure")
        continue
      }
      if index == 9 {
        #expect(error.code == .internal)
      } else {
        #expect(error == ServiceError(.notFound, "\(index)"))
      }
    }
  }
}

extension EmbeddingService.Outcome {
  /// nil for a success.
  var code: ServiceError.Code? {
    if case .failure(let error) = self { error.code } else { nil }
  }
}
