import EmbeddingEngine
import ModelFiles
import Tokenization

/// The embedding operations without a transport: validate, apply limits and roles, give every text its own outcome.
public struct EmbeddingService: Sendable {
  public let embedder: any Embedder
  public let limits: ServiceLimits

  public init(embedder: any Embedder, limits: ServiceLimits = ServiceLimits()) {
    self.embedder = embedder
    self.limits = limits
  }

  public var contract: ModelContract { embedder.contract }

  /// One text's result.
  public typealias Outcome = Result<EmbeddedText, ServiceError>

  /// Checks everything about a call but its texts, once.
  ///
  /// - Throws: `notFound` for another model's name, `unimplemented` for a reranker, `invalidArgument` for an instruction or a dimension the
  ///   model cannot serve.
  public func plan(_ settings: EmbedSettings) throws(ServiceError) -> EmbedPlan {
    try checkModel(settings.model)
    guard !contract.isReranker else {
      throw ServiceError(
        .unimplemented,
        "model '\(contract.name)' is a reranker and gives no vectors; serve an embedding model for them")
    }
    let prefix: String
    do {
      prefix = try contract.prompts.prefix(for: settings.role, instruction: settings.instruction)
    } catch {
      throw ServiceError(.invalidArgument, error.description)
    }
    if let instruction = settings.instruction {
      let size = instruction.utf8.count, limit = ServiceLimits.maximumInstructionBytes
      guard size <= limit else {
        throw ServiceError(
          .invalidArgument, "instruction has \(size) bytes; the limit is \(limit), shorten it")
      }
    }
    if let dimensions = settings.options.dimensions,
      dimensions < 1 || dimensions > contract.dimension
    {
      throw ServiceError(
        .invalidArgument,
        "dimensions is \(dimensions); model '\(contract.name)' has 1 to \(contract.dimension)")
    }
    return EmbedPlan(
      prefix: prefix, truncation: settings.options.truncation,
      normalize: settings.options.normalize ?? contract.normalizes,
      dimensions: settings.options.dimensions, encoding: settings.options.encoding)
  }

  /// Refuses the name of a model that is not served here.
  public func checkModel(_ name: String?) throws(ServiceError) {
    try contract.checkName(name)
  }

  /// Refuses more texts than one call may carry; transports ask before they decode the texts.
  public func checkCount(_ count: Int) throws(ServiceError) {
    guard count <= limits.maximumTexts else {
      throw ServiceError(
        .invalidArgument,
        "\(count) texts in one call; the limit is \(limits.maximumTexts), use a stream for more")
    }
  }

  /// Embeds a list of texts; outcomes stand in the order of the texts.
  ///
  /// - Throws: for the call as a whole only: bad settings, too many texts, or `resourceExhausted` when full.
  public func embed(
    _ texts: [String], settings: EmbedSettings, deadline: ContinuousClock.Instant? = nil
  ) async throws(ServiceError) -> EmbedReply {
    let began = ContinuousClock.now
    let plan = try plan(settings)
    try checkCount(texts.count)
    let outcomes = OutcomeList(count: texts.count)
    let stages = try await embed(
      texts, plan: plan, deadline: deadline, admission: .immediate
    ) { outcomes.set($0, $1) }
    return EmbedReply(outcomes: outcomes.taken(), stages: stages, total: .now - began)
  }

  /// Embeds texts under a plan; `deliver` is called once per index, from any thread, as soon as that text is ready.
  ///
  /// Returns when every text was delivered.
  /// - Throws: if the texts as a whole were not admitted (nothing was delivered then).
  @discardableResult
  public func embed(
    _ texts: [String], plan: EmbedPlan, deadline: ContinuousClock.Instant?, admission: Admission,
    deliver: @escaping @Sendable (Int, Outcome) -> Void
  ) async throws(ServiceError) -> StageTimings {
    // Texts over the byte limit never reach the tokenizer; the rest keep their own index.
    var admitted: [Int] = []
    var inputs: [EmbedInput] = []
    admitted.reserveCapacity(texts.count)
    inputs.reserveCapacity(texts.count)
    var oversized: [Int] = []
    for (index, text) in texts.enumerated() {
      if text.utf8.count > limits.maximumTextBytes {
        oversized.append(index)
      } else {
        admitted.append(index)
        inputs.append(plan.input(for: text))
      }
    }
    let indices = admitted
    var stages = StageTimings.zero
    if !inputs.isEmpty {
      do {
        stages = try await embedder.embed(inputs, deadline: deadline, admission: admission) {
          deliver(indices[$0], $1.map(plan.encode).mapError(ServiceError.init))
        }
      } catch {
        throw ServiceError(error)
      }
    }
    for index in oversized {
      let size = texts[index].utf8.count
      deliver(
        index,
        .failure(
          ServiceError(
            .invalidArgument,
            "text has \(size) bytes; the limit is \(limits.maximumTextBytes), split it")))
    }
    return stages
  }
}
