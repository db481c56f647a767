import Encoder
import Foundation
import ModelFiles
import Synchronization
import Testing
import Tokenization

@testable import EmbeddingEngine

/// Bytes as tokens, and pairs.
private struct PairByteTokenizer: Tokenizer {
  let specialTokens = SpecialTokens(begin: 0, pad: 1, end: 2, unknown: 3, mask: nil)
  let vocabularySize = 266
  let pairFrame: PairFrame?
  /// Texts tokenized so far.
  let log = TextLog()

  func pieces(of text: String) throws(TokenizationError) -> Pieces {
    log.add(text)
    return try ByteTokenizer().pieces(of: text)
  }

  func pieceText(_ id: Int32) -> String? { nil }
}

private final class TextLog: Sendable {
  private let state = Mutex<[String]>([])
  func add(_ text: String) { state.withLock { $0.append(text) } }
  var texts: [String] { state.withLock { $0 } }
}

/// Logits that depend on the pair's ids and types only; "~" gives NaN, "!" fails the block.
private struct StubScorer: BlockEncoder {
  let dimension = 1
  let maximumTokens = 64
  let gate: Gate?

  func makeWorkspace(tokens: Int) -> Int { tokens }

  func encode(
    _ block: Block, using workspace: Int, into output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError) {
    gate?.pass()
    if block.ids.contains(10 + Int32(UInt8(ascii: "!"))) {
      throw EncoderError(code: .invalidBlock, message: "stub fails the block")
    }
    for text in 0..<block.textCount {
      let start = block.starts[text]
      output[text] = Self.logit(
        Array(block.ids[start..<block.starts[text + 1]]),
        second: block.secondStarts[text] - start)
    }
  }

  static func logit(_ ids: [Int32], second: Int) -> Float {
    if ids.contains(10 + Int32(UInt8(ascii: "~"))) { return .nan }
    return Float(ids.reduce(second * 7919) { ($0 * 31 + Int($1)) % 100_003 }) / 1000
  }

  /// What the engine must deliver for a pair that fits.
  static func expected(_ query: String, _ passage: String, frame: PairFrame) -> Float {
    let q = query.utf8.map { Int32($0) + 10 }
    let p = passage.utf8.map { Int32($0) + 10 }
    let first = [0] + q + Array(repeating: 2, count: frame.separators)
    let ids = first + p + [2]
    return logit(ids, second: frame.marksSecond ? first.count : ids.count)
  }
}

private final class Scores: Sendable {
  private let results = Mutex<[Int: [Result<Scored, EngineError>]]>([:])

  @Sendable func deliver(_ index: Int, _ result: Result<Scored, EngineError>) {
    results.withLock { $0[index, default: []].append(result) }
  }

  var count: Int { results.withLock { $0.values.reduce(0) { $0 + $1.count } } }

  private func result(_ index: Int) -> Result<Scored, EngineError>? {
    results.withLock { $0[index]?.count == 1 ? $0[index]?.first : nil }
  }

  /// What was delivered for one index, if that happened once.
  func scored(_ index: Int) -> Scored? { try? result(index)?.get() }

  func code(_ index: Int) -> EngineError.Code? {
    if case .failure(let error)? = result(index) { error.code } else { nil }
  }
}

@Suite(.timeLimit(.minutes(2))) struct RerankTests {
  private func contract(types: Int = 1) -> ModelContract {
    var contract = ModelContract.stub
    contract.head = ScoringHead(kind: .classifier, activation: .sigmoid)
    contract.dimension = 1
    contract.body.tokenTypeRows = types
    return contract
  }

  private func engine(
    _ tokenizer: PairByteTokenizer, types: Int = 1, gate: Gate? = nil,
    configuration: EngineConfiguration = EngineConfiguration(workers: 2, tokenizerThreads: 1)
  ) -> EmbeddingEngine<StubScorer> {
    EmbeddingEngine(
      contract: contract(types: types), precision: .f32, tokenizer: tokenizer,
      encoder: StubScorer(gate: gate), configuration: configuration)
  }

  @Test(arguments: [(PairFrame.roberta, 1), (.roberta, 2), (.bert, 2)])
  func scoresAreThoseOfEachPair(frame: PairFrame, types: Int) async throws {
    let tokenizer = PairByteTokenizer(pairFrame: frame)
    let engine = engine(tokenizer, types: types)
    let passages = (0..<200).map { String(repeating: "p\($0)", count: $0 % 9 + 1) }
    let scores = Scores()
    let timings = try await engine.rerank(
      RerankInput(query: "질문", passages: passages), deadline: nil, admission: .immediate,
      deliver: scores.deliver)
    #expect(timings.inference > .zero)
    #expect(scores.count == passages.count)
    for (index, passage) in passages.enumerated() {
      let scored = try #require(scores.scored(index))
      #expect(scored.logit == StubScorer.expected("질문", passage, frame: frame))
      #expect(scored.queryKept == 0..<6)
      #expect(scored.receipt.kept == 0..<passage.utf8.count)
      #expect(scored.receipt.tokens == 6 + passage.utf8.count + frame.specialTokens)
    }
    // The query is tokenized once for all passages.
    #expect(tokenizer.log.texts.count { $0 == "질문" } == 1)
    #expect(engine.load.admittedTokens == 0)
    #expect(engine.load.computedTexts == 200)
    await engine.shutdown()
  }

  /// XLM-R has one type, whatever its tokenizer says.
  @Test func aModelWithoutTypesGetsNone() async throws {
    let engine = engine(PairByteTokenizer(pairFrame: .bert), types: 1)
    let scores = Scores()
    _ = try await engine.rerank(
      RerankInput(query: "q", passages: ["p"]), deadline: nil, admission: .immediate,
      deliver: scores.deliver)
    let unmarked = StubScorer.logit([0, 10 + 113, 2, 10 + 112, 2], second: 5)
    #expect(scores.scored(0)?.logit == unmarked)
    await engine.shutdown()
  }

  @Test func eachPassageFailsForItself() async throws {
    let engine = engine(PairByteTokenizer(pairFrame: .roberta))
    let long = String(repeating: "x", count: 60)
    let scores = Scores()
    _ = try await engine.rerank(
      RerankInput(
        query: "q", passages: ["good", "", "a?b", long, "~", "!", "also good"],
        truncation: .error), deadline: nil, admission: .immediate, deliver: scores.deliver)
    #expect(scores.count == 7)
    for (index, passage) in [(0, "good"), (6, "also good")] {
      #expect(
        scores.scored(index)?.logit == StubScorer.expected("q", passage, frame: .roberta))
    }
    let codes = [1, 2, 3, 4, 5].map { scores.code($0) }
    #expect(
      codes == [.invalidText, .internalFailure, .textTooLong, .nonFinite, .internalFailure])
    await engine.shutdown()
  }

  @Test func longPairsAreCut() async throws {
    let engine = engine(PairByteTokenizer(pairFrame: .roberta))
    let long = String(repeating: "x", count: 100)
    let scores = Scores()
    _ = try await engine.rerank(
      RerankInput(query: long, passages: [long, "y"]), deadline: nil, admission: .immediate,
      deliver: scores.deliver)
    let both = try #require(scores.scored(0))
    let one = try #require(scores.scored(1))
    #expect(both.queryKept == 0..<30 && both.receipt.kept == 0..<30 && both.receipt.truncated)
    #expect(both.receipt.tokens == 204 && both.receipt.tokensUsed == 64)
    #expect(one.queryKept == 0..<59 && one.receipt.kept == 0..<1 && one.receipt.truncated)
    await engine.shutdown()
  }

  @Test(arguments: [("", EngineError.Code.invalidQuery), ("?", .internalFailure)])
  func aBadQueryFailsEveryPassage(query: String, code: EngineError.Code) async throws {
    let tokenizer = PairByteTokenizer(pairFrame: .roberta)
    let engine = engine(tokenizer)
    let scores = Scores()
    _ = try await engine.rerank(
      RerankInput(query: query, passages: ["a", "b", "c"]), deadline: nil, admission: .immediate,
      deliver: scores.deliver)
    for index in 0..<3 { #expect(scores.code(index) == code) }
    #expect(tokenizer.log.texts == [query])
    #expect(engine.load.admittedTokens == 0)
    await engine.shutdown()
  }

  @Test func theOtherKindOfModelIsRefused() async throws {
    let reranker = engine(PairByteTokenizer(pairFrame: .roberta))
    let embedder = stubEngine()
    let vectors = await #expect(throws: EngineError.self) {
      try await reranker.embed(
        inputs(["a"]), deadline: nil, admission: .immediate,
        deliver: { _, _ in Issue.record("delivered") })
    }
    let scores = await #expect(throws: EngineError.self) {
      try await embedder.rerank(
        RerankInput(query: "q", passages: ["p"]), deadline: nil, admission: .immediate,
        deliver: { _, _ in Issue.record("delivered") })
    }
    #expect(vectors?.code == .wrongModel && scores?.code == .wrongModel)
    #expect(vectors?.message.contains("'stub' is a reranker") ?? false)
    #expect(scores?.message.contains("'stub' is an embedder") ?? false)
    await reranker.shutdown()
    await embedder.shutdown()
  }

  @Test func noPassagesReturnAtOnce() async throws {
    let engine = engine(PairByteTokenizer(pairFrame: .roberta))
    let timings = try await engine.rerank(
      RerankInput(query: "q", passages: []), deadline: nil, admission: .immediate
    ) { _, _ in Issue.record("delivered") }
    #expect(timings == .zero)
    await engine.shutdown()
  }

  // MARK: - The scheduler's promises

  @Test func aPastDeadlineDropsEveryPassage() async throws {
    let engine = engine(PairByteTokenizer(pairFrame: .roberta))
    let scores = Scores()
    _ = try await engine.rerank(
      RerankInput(query: "q", passages: ["a", "b"]), deadline: .now - .seconds(1),
      admission: .immediate, deliver: scores.deliver)
    #expect(scores.code(0) == .deadlineExceeded && scores.code(1) == .deadlineExceeded)
    await engine.shutdown()
  }

  @Test func cancellationDropsWhatIsNotComputed() async throws {
    let gate = Gate()
    let engine = engine(
      PairByteTokenizer(pairFrame: .roberta), gate: gate,
      configuration: EngineConfiguration(workers: 1, tokenizerThreads: 1, blockTokens: 16))
    let scores = Scores()
    let passages = (0..<10).map { "passage \($0)" }
    let task = Task {
      try await engine.rerank(
        RerankInput(query: "q", passages: passages), deadline: nil, admission: .immediate,
        deliver: scores.deliver)
    }
    await until { gate.held == 1 }
    task.cancel()
    await until { scores.count == 9 }
    gate.open()
    _ = try await task.value
    #expect(scores.count == 10)
    #expect(passages.indices.count { scores.code($0) == .cancelled } == 9)
    await engine.shutdown()
  }

  /// A call counts query and passage for every pair.
  @Test func aFullQueueRefusesTheCall() async throws {
    let gate = Gate()
    let engine = engine(
      PairByteTokenizer(pairFrame: .roberta), gate: gate,
      configuration: EngineConfiguration(workers: 1, tokenizerThreads: 0, queueTokens: 100))
    let query = String(repeating: "q", count: 20)
    let first = Scores()
    let task = Task {
      try await engine.rerank(
        RerankInput(query: query, passages: ["a", "b", "c"]), deadline: nil,
        admission: .immediate, deliver: first.deliver)
    }
    await until { gate.held == 1 }
    let error = await #expect(throws: EngineError.self) {
      try await engine.rerank(
        RerankInput(query: query, passages: ["d", "e"]), deadline: nil, admission: .immediate,
        deliver: { _, _ in Issue.record("delivered") })
    }
    #expect(error?.code == .overloaded && error?.retryAfter != nil)
    for _ in 0..<3 { gate.open() }
    _ = try await task.value
    #expect((0..<3).allSatisfy { first.scored($0) != nil })
    await engine.shutdown()
  }
}

private let repository = URL(filePath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent()
private let builtIn = repository.appending(path: "Models/duri-ko-en-bootstrap")

/// A model folder of real parts: a random body and head, and the built-in model's tokenizer.
@Suite(
  .enabled(if: FileManager.default.fileExists(atPath: builtIn.path + "/config.json")),
  .timeLimit(.minutes(2)))
struct LoadedRerankerTests {
  /// The tiny checkpoint has 101 rows of word embeddings and serves pairs of few different pieces.
  @Test func theTokenizerMustFitTheWeights() throws {
    let folder = repository.appending(path: "Tests/Goldens/reranker/xlm-roberta")
    let copy = FileManager.default.temporaryDirectory.appending(path: "rerank-\(UUID().uuidString)")
    try FileManager.default.copyItem(at: folder, to: copy)
    defer { try? FileManager.default.removeItem(at: copy) }
    try FileManager.default.removeItem(at: copy.appending(path: "tokenizer.json"))
    try FileManager.default.copyItem(
      at: builtIn.appending(path: "sentencepiece.bpe.model"),
      to: copy.appending(path: "sentencepiece.bpe.model"))
    let error = #expect(throws: ModelLoadingError.self) {
      try ModelEngine.load(try ModelFolder.open(path: copy.path))
    }
    #expect(error?.message.contains("101 rows") ?? false)
  }
}
