import Encoder
import ModelFiles
import Synchronization
import Tokenization

/// Embeds texts, or scores pairs if its model is a reranker, on threads of its own: admission by tokens, blocks without padding, earliest
/// deadline first.
///
/// The same text gives the same vector whatever else is computed with it, provided the encoder
/// keeps that promise.
///
/// Threads: `workers` that compute (a block each, or one together while there is no other),
/// `tokenizerThreads` that tokenize while all workers compute, and one that answers cancelled and
/// expired texts. They end after ``shutdown()``, or when the engine is let go.
public final class EmbeddingEngine<E: BlockEncoder>: Embedder, Reranker {
  public let contract: ModelContract
  public let precision: Precision
  /// How close a faster precision is to f32 for this model, if that was measured to choose the
  /// precision: the one chosen, or the last that did not pass where that is f32.
  public let agreement: PrecisionAgreement?
  private let core: EngineCore
  private let preparer: TextPreparer
  private let calls = Atomic<Scheduler.CallID>(0)

  /// Starts the threads; each worker allocates its workspace.
  ///
  /// - Parameters:
  ///   - agreement: what the choice of the precision stands on, if it was chosen.
  ///   - tokenizer: shared by all threads.
  ///   - encoder: its weights are shared by all workers.
  ///   - now: the clock that deadlines are held against; tests give their own.
  public init(
    contract: ModelContract, precision: Precision, agreement: PrecisionAgreement? = nil,
    tokenizer: any Tokenizer, encoder: E,
    configuration: EngineConfiguration = EngineConfiguration(),
    now: @escaping @Sendable () -> ContinuousClock.Instant = { ContinuousClock.now }
  ) {
    self.contract = contract
    self.precision = precision
    self.agreement = agreement
    let configuration = configuration.checked
    let maximumTokens = max(1, min(contract.maximumTokens, encoder.maximumTokens))
    let blockTexts = min(configuration.blockTokens, 128)
    let preparer = TextPreparer(
      tokenizer: tokenizer, maximumTokens: maximumTokens, dimension: encoder.dimension,
      tokenTypeRows: contract.body.tokenTypeRows)
    let core = EngineCore(
      limits: Scheduler.Limits(
        queueTokens: configuration.queueTokens, blockTokens: configuration.blockTokens,
        blockTexts: blockTexts, patience: configuration.patience, workers: configuration.workers),
      tokenizerThreads: configuration.tokenizerThreads, now: now)
    self.preparer = preparer
    self.core = core

    let workspaceTokens = max(configuration.blockTokens, encoder.maximumTokens)
    for number in 0..<core.threads.workers {
      EngineThread.start("duri-worker-\(number)") {
        Worker(
          number: number, core: core, preparer: preparer, encoder: encoder,
          workspaceTokens: workspaceTokens, blockTexts: blockTexts
        ).run()
        core.threadEnded()
      }
    }
    for number in core.threads.workers..<core.threads.keeper {
      EngineThread.start("duri-tokens-\(number - core.threads.workers)") {
        TokenizerThread(number: number, core: core, preparer: preparer).run()
        core.threadEnded()
      }
    }
    EngineThread.start("duri-keeper") {
      Keeper(core: core).run()
      core.threadEnded()
    }
  }

  deinit {
    // No call is in flight here: each one holds the engine.
    core.drain()
  }

  public var load: EngineLoad { core.load }

  public func embed(
    _ inputs: [EmbedInput], deadline: ContinuousClock.Instant?, admission: Admission,
    deliver: @escaping @Sendable (Int, Result<Embedded, EngineError>) -> Void
  ) async throws(EngineError) -> StageTimings {
    guard !contract.isReranker else {
      throw EngineError.wrongModel(contract.name, isReranker: true)
    }
    return try await run(.embed(inputs, deliver), deadline: deadline, admission: admission)
  }

  public func rerank(
    _ input: RerankInput, deadline: ContinuousClock.Instant?, admission: Admission,
    deliver: @escaping @Sendable (Int, Result<Scored, EngineError>) -> Void
  ) async throws(EngineError) -> StageTimings {
    guard contract.isReranker else {
      throw EngineError.wrongModel(contract.name, isReranker: false)
    }
    let work = CallWork.rerank(
      SharedQuery(input.query), passages: input.passages, input.truncation, deliver)
    return try await run(work, deadline: deadline, admission: admission)
  }

  private func run(
    _ work: CallWork, deadline: ContinuousClock.Instant?, admission: Admission
  ) async throws(EngineError) -> StageTimings {
    guard work.count > 0 else { return .zero }
    guard !Task.isCancelled else { throw EngineError(Scheduler.Drop.Reason.cancelled) }
    let id = calls.add(1, ordering: .relaxed).newValue
    let texts = preparer.estimatedTokens(work).map { Scheduler.Text(tokens: $0) }
    let outcome = await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let record = CallRecord(
          work: work, submitted: core.now(), continuation: continuation)
        let refusal = core.submit(
          id, record, texts: texts, admission: admission, deadline: deadline)
        if let refusal { continuation.resume(returning: .failure(refusal)) }
        // A cancellation that came before the call was known found nothing to drop.
        if Task.isCancelled { core.cancel(id) }
      }
    } onCancel: {
      core.cancel(id)
    }
    return try outcome.get()
  }

  /// Refuses new calls with `.shuttingDown` (those waiting for admission too), finishes what was
  /// admitted, and returns when every thread has done its last work. May be called more than once.
  public func shutdown() async {
    core.drain()
    await core.threadsEnded()
  }

  /// Looks at the clock now: for tests whose clock jumps.
  func clockMoved() {
    core.unpark(core.threads.keeper)
  }
}
