import EmbeddingEngine
import Encoder
import ModelFiles
import Synchronization
import Tokenization

/// A ``Reranker`` without a model: the test decides each passage's logit, by default its number of
/// bytes. One token stands for one byte, plus four special tokens.
public final class StubReranker: Reranker {
  public typealias Behaviour = @Sendable (RerankInput, Int) -> Result<Float, EngineError>

  /// One call as it arrived.
  public struct Call: Sendable, Equatable {
    public var input: RerankInput
    public var deadline: ContinuousClock.Instant?
    public var admission: Admission
  }

  public let contract: ModelContract
  public let precision = Precision.f32
  public let load = EngineLoad()
  private let refusal: EngineError?
  private let timings: StageTimings
  private let behaviour: Behaviour
  private let state = Mutex<[Call]>([])

  public init(
    contract: ModelContract = .stub(
      name: "stub-reranker", dimension: 1,
      head: ScoringHead(kind: .classifier, activation: .sigmoid)),
    refusal: EngineError? = nil, timings: StageTimings = .zero,
    behaviour: @escaping Behaviour = { .success(Float($0.passages[$1].utf8.count)) }
  ) {
    self.contract = contract
    self.refusal = refusal
    self.timings = timings
    self.behaviour = behaviour
  }

  /// Every call so far, refused ones included.
  public var calls: [Call] { state.withLock { $0 } }

  public func rerank(
    _ input: RerankInput, deadline: ContinuousClock.Instant?, admission: Admission,
    deliver: @escaping @Sendable (Int, Result<Scored, EngineError>) -> Void
  ) async throws(EngineError) -> StageTimings {
    state.withLock { $0.append(Call(input: input, deadline: deadline, admission: admission)) }
    if let refusal { throw refusal }
    for index in input.passages.indices.reversed() {
      deliver(index, behaviour(input, index).map { Self.scored(input, index, logit: $0) })
    }
    return timings
  }

  public static func scored(_ input: RerankInput, _ index: Int, logit: Float) -> Scored {
    let query = input.query.utf8.count
    let passage = input.passages[index].utf8.count
    return Scored(
      logit: logit,
      receipt: Receipt(
        tokens: query + passage + 4, tokensUsed: query + passage + 4, kept: 0..<passage,
        truncated: false, normalizationChanged: false, unknownPieces: 0, prefix: "",
        prefixAlreadyPresent: false),
      queryKept: 0..<query)
  }
}
