import EmbeddingEngine
import ModelFiles
import TestSupport
import Testing

@testable import Service

@Suite struct RerankingTests {
  private static let limits = ServiceLimits(maximumTexts: 6, maximumTextBytes: 10)
  private static let tooLong = "0123456789x"

  private func service(_ reranker: StubReranker = StubReranker()) -> RerankingService {
    RerankingService(reranker: reranker, limits: Self.limits)
  }

  /// A reranker that gives these logits.
  private func fixed(
    _ logits: [Float], activation: ScoringHead.Activation = .sigmoid
  ) -> StubReranker {
    StubReranker(
      contract: .stub(
        dimension: 1, head: ScoringHead(kind: .pooler, activation: activation))
    ) { .success(logits[$1]) }
  }

  private func scores(_ reply: RerankReply) -> [Float?] {
    reply.items.map { try? $0.outcome.get().score }
  }

  private func refusal(
    _ service: RerankingService, query: String = "q", passages: [String] = ["a"],
    settings: RerankSettings = RerankSettings()
  ) async -> ServiceError? {
    do throws(ServiceError) {
      _ = try await service.rerank(query, passages, settings: settings)
      return nil
    } catch {
      return error
    }
  }

  // MARK: - Order and scores

  @Test func theBestComesFirst() async throws {
    let reply = try await service(fixed([-1, 3, 0.5, 3, -7])).rerank(
      "q", ["a", "b", "c", "d", "e"], settings: RerankSettings(rawScores: true))
    #expect(reply.items.map(\.index) == [1, 3, 2, 0, 4])
    #expect(scores(reply) == [3, 3, 0.5, -1, -7])
  }

  @Test func theContractMakesScoresOfLogits() async throws {
    let sigmoid = try await service(fixed([0, 5])).rerank("q", ["a", "b"])
    #expect(sigmoid.items.map(\.index) == [1, 0])
    #expect(scores(sigmoid)[1] == 0.5)
    #expect(abs((scores(sigmoid)[0] ?? 0) - 0.9933071) < 1e-6)
    let identity = try await service(fixed([0, 5], activation: .identity)).rerank("q", ["a", "b"])
    #expect(scores(identity) == [5, 0])
  }

  /// Beyond about 17 the sigmoid rounds to 1; the order still follows the logits.
  @Test func scoresThatRoundToOneKeepTheirOrder() async throws {
    let reply = try await service(fixed([30, 40, 35])).rerank("q", ["a", "b", "c"])
    #expect(reply.items.map(\.index) == [1, 2, 0])
    #expect(scores(reply) == [1, 1, 1])
  }

  @Test(arguments: [(1, [1]), (2, [1, 3]), (5, [1, 3, 2, 0, 4]), (9, [1, 3, 2, 0, 4])])
  func onlyTheTopIsReturned(top: Int, indices: [Int]) async throws {
    let reply = try await service(fixed([-1, 3, 0.5, 2, -7])).rerank(
      "q", ["a", "b", "c", "d", "e"], settings: RerankSettings(top: top))
    #expect(reply.items.map(\.index) == indices)
  }

  // MARK: - Items

  @Test func everyPassageHasItsOwnOutcome() async throws {
    let reranker = StubReranker { input, index in
      input.passages[index] == "bad"
        ? .failure(EngineError(code: .textTooLong, message: "too many tokens"))
        : .success(Float(input.passages[index].utf8.count))
    }
    let reply = try await service(reranker).rerank(
      "q", [Self.tooLong, "하나", "bad", Self.tooLong, "a", "three"],
      settings: RerankSettings(rawScores: true, top: 2))
    #expect(reply.items.map(\.index) == [1, 5, 0, 2, 3])
    #expect(scores(reply) == [6, 5, nil, nil, nil])
    let oversized = ServiceError(
      .invalidArgument, "passage has 11 bytes; the limit is 10, split it")
    #expect(reply.items[2].outcome == .failure(oversized))
    #expect(reply.items[3].outcome == .failure(ServiceError(.invalidArgument, "too many tokens")))
    #expect(reply.items[4].outcome == .failure(oversized))
    // Oversized passages never reach the engine.
    #expect(reranker.calls.map(\.input.passages) == [["하나", "bad", "a", "three"]])
  }

  @Test func receiptsAndTimingsArePassedOn() async throws {
    let timings = StageTimings(
      tokenization: .microseconds(1), queue: .microseconds(2), inference: .microseconds(3))
    let reranker = StubReranker(timings: timings)
    let deadline = ContinuousClock.now + .seconds(9)
    let reply = try await service(reranker).rerank(
      "질문", ["답"], settings: RerankSettings(truncation: .start), deadline: deadline,
      admission: .waiting)
    let input = RerankInput(query: "질문", passages: ["답"], truncation: .start)
    let call = try #require(reranker.calls.first)
    #expect(call.input == input && call.deadline == deadline && call.admission == .waiting)
    let expected = StubReranker.scored(input, 0, logit: 3)
    let passage = try reply.items[0].outcome.get()
    #expect(passage.receipt == expected.receipt && passage.queryKept == 0..<6)
    #expect(reply.stages == timings && reply.total >= .zero)
  }

  @Test func oversizedPassagesAloneNeedNoEngine() async throws {
    let reranker = StubReranker()
    let reply = try await service(reranker).rerank("q", [Self.tooLong, Self.tooLong])
    #expect(reply.items.map(\.index) == [0, 1] && scores(reply) == [nil, nil])
    #expect(reranker.calls.isEmpty && reply.stages == .zero)
  }

  @Test func noPassagesGiveNoItems() async throws {
    #expect(try await service().rerank("q", []).items.isEmpty)
  }

  // MARK: - The request as a whole

  @Test func badRequestsAreRefused() async {
    let reranker = StubReranker()
    let service = service(reranker)
    #expect(await refusal(service, query: "")?.code == .invalidArgument)
    #expect(
      await refusal(service, query: Self.tooLong)?.message
        == "the query has 11 bytes; the limit is 10, shorten it")
    #expect(
      await refusal(service, passages: Array(repeating: "a", count: 7))?.message
        == "7 passages in one call; the limit is 6, split them over several")
    for top in [0, -1, Int.min] {
      #expect(await refusal(service, settings: .init(top: top))?.code == .invalidArgument)
    }
    #expect(
      await refusal(service, settings: .init(model: "other"))
        == ServiceError(.notFound, "model 'other' is not served here; 'stub-reranker' is"))
    #expect(reranker.calls.isEmpty)
    #expect(await refusal(service, settings: .init(model: "stub-reranker")) == nil)
    #expect(await refusal(service, settings: .init(model: "")) == nil)
  }

  /// Only the tokenizer knows that a query of whitespace has no tokens.
  @Test func aQueryWithoutTokensFailsTheRequest() async {
    let reranker = StubReranker { _, _ in
      .failure(EngineError(code: .invalidQuery, message: "the query has no tokens"))
    }
    let error = await refusal(service(reranker), query: " ", passages: [Self.tooLong, "a", "b"])
    #expect(error == ServiceError(.invalidArgument, "the query has no tokens"))
  }

  @Test(arguments: EngineError.Code.allCases)
  func refusalsKeepTheirMessageAndHint(code: EngineError.Code) async {
    let error = EngineError(code: code, message: "why", retryAfter: .milliseconds(250))
    #expect(await refusal(service(StubReranker(refusal: error))) == ServiceError(error))
  }

  @Test func theOtherKindOfModelIsRefused() async throws {
    let reranker = RerankingService(reranker: StubReranker(contract: .stub()))
    #expect(await refusal(reranker)?.code == .unimplemented)
    let contract = StubReranker().contract
    let embedder = EmbeddingService(embedder: StubEmbedder(contract: contract))
    let error = #expect(throws: ServiceError.self) { try embedder.plan(EmbedSettings()) }
    #expect(error?.code == .unimplemented)
    #expect(error?.message.contains("'stub-reranker' is a reranker") ?? false)
  }

  @Test func textsNeverAppearInErrors() async throws {
    let secret = "s3cr3t"
    let service = service(
      StubReranker { _, _ in
        .failure(EngineError(code: .invalidText, message: "the passage is empty"))
      })
    var errors: [ServiceError] = []
    for (query, passages) in [
      (secret + secret, ["a"]), ("q", [secret + secret, secret]),
      ("q", Array(repeating: secret, count: 7)),
    ] {
      do {
        for case .failure(let error) in try await service.rerank(query, passages).items
          .map(\.outcome)
        { errors.append(error) }
      } catch {
        errors.append(error)
      }
    }
    #expect(errors.count == 4)
    for error in errors { #expect(!String(reflecting: error).contains(secret)) }
  }
}
