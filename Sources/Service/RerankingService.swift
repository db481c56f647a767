import EmbeddingEngine
import ModelFiles
import Tokenization

/// Scoring passages against a query without a transport: validate, apply limits, order by score.
public struct RerankingService: Sendable {
  public let reranker: any Reranker
  public let limits: ServiceLimits

  public init(reranker: any Reranker, limits: ServiceLimits = ServiceLimits()) {
    self.reranker = reranker
    self.limits = limits
  }

  public var contract: ModelContract { reranker.contract }

  /// Refuses the name of a model that is not served here.
  public func checkModel(_ name: String?) throws(ServiceError) {
    try contract.checkName(name)
  }

  /// Refuses more passages than one call may carry; transports ask before they decode the texts.
  public func checkCount(_ count: Int) throws(ServiceError) {
    guard count <= limits.maximumTexts else {
      throw ServiceError(
        .invalidArgument,
        "\(count) passages in one call; the limit is \(limits.maximumTexts), split them over several")
    }
  }

  /// Scores every passage against the query; the best comes first.
  ///
  /// A passage that is empty or too long fails its own item.
  ///
  /// - Parameters:
  ///   - deadline: after this instant no passage's computation is started; nil means no limit.
  ///   - admission: what to do when the engine's queue is full.
  /// - Throws: for the call as a whole: `notFound` for another model's name, `unimplemented` for a
  ///   model that is no reranker, `invalidArgument` for a query that is empty or too long, too many
  ///   passages or `top` below 1, `resourceExhausted` when full.
  public func rerank(
    _ query: String, _ passages: [String], settings: RerankSettings = RerankSettings(),
    deadline: ContinuousClock.Instant? = nil, admission: Admission = .immediate
  ) async throws(ServiceError) -> RerankReply {
    let began = ContinuousClock.now
    let activation = try check(query, passages.count, settings)
    var admitted: [Int] = []
    var input = RerankInput(query: query, passages: [], truncation: settings.truncation)
    let results = ResultList<Scored, EngineError>(count: passages.count)
    // Passages over the byte limit never reach the tokenizer.
    for (index, passage) in passages.enumerated() {
      let size = passage.utf8.count
      if size > limits.maximumTextBytes {
        results.set(
          index,
          .failure(
            EngineError(
              code: .textTooLong,
              message:
                "passage has \(size) bytes; the limit is \(limits.maximumTextBytes), split it")))
      } else {
        admitted.append(index)
        input.passages.append(passage)
      }
    }
    let indices = admitted
    var stages = StageTimings.zero
    if !indices.isEmpty {
      do {
        stages = try await reranker.rerank(input, deadline: deadline, admission: admission) {
          results.set(indices[$0], $1)
        }
      } catch {
        throw ServiceError(error)
      }
    }
    let items = try Self.ranked(
      results.taken(
        missing: EngineError(
          code: .internalFailure, message: "the engine gave no answer for this passage")),
      activation: settings.rawScores ? .identity : activation, top: settings.top)
    return RerankReply(items: items, stages: stages, total: .now - began)
  }

  /// Checks everything but the passages' texts.
  ///
  /// - Returns: what makes scores of the model's logits.
  private func check(
    _ query: String, _ count: Int, _ settings: RerankSettings
  ) throws(ServiceError) -> ScoringHead.Activation {
    try checkModel(settings.model)
    guard let head = contract.head else {
      throw ServiceError(
        .unimplemented,
        "model '\(contract.name)' gives vectors and scores no pairs; serve a reranker for that")
    }
    try checkCount(count)
    if let top = settings.top, top < 1 {
      throw ServiceError(
        .invalidArgument, "top is \(top); ask for at least 1, or leave it out for all")
    }
    let size = query.utf8.count
    guard size <= limits.maximumTextBytes else {
      throw ServiceError(
        .invalidArgument,
        "the query has \(size) bytes; the limit is \(limits.maximumTextBytes), shorten it")
    }
    guard size > 0 else { throw ServiceError(.invalidArgument, "the query is empty") }
    return head.activation
  }

  /// Orders by logit, which tells apart scores that round to the same number.
  ///
  /// - Throws: the error of a bad query, which every passage that was looked at carries.
  private static func ranked(
    _ results: [Result<Scored, EngineError>], activation: ScoringHead.Activation, top: Int?
  ) throws(ServiceError) -> [RerankItem] {
    var scored: [(index: Int, scored: Scored)] = []
    var failed: [RerankItem] = []
    for (index, result) in results.enumerated() {
      switch result {
      case .success(let value): scored.append((index, value))
      case .failure(let error) where error.code == .invalidQuery: throw ServiceError(error)
      case .failure(let error):
        failed.append(RerankItem(index: index, outcome: .failure(ServiceError(error))))
      }
    }
    scored.sort { a, b in
      a.scored.logit == b.scored.logit ? a.index < b.index : a.scored.logit > b.scored.logit
    }
    return scored.prefix(top ?? scored.count).map { index, value in
      RerankItem(
        index: index,
        outcome: .success(
          RankedPassage(
            score: activation(value.logit), receipt: value.receipt, queryKept: value.queryKept)))
    } + failed
  }
}
