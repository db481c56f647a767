/// Texts to vectors: the whole face of an engine whose model is an embedder.
public protocol Embedder: ServedModel {
  /// Embeds `inputs` and returns when every one of them has been delivered.
  ///
  /// Cancelling the calling task, or the deadline passing, drops the texts whose computation has
  /// not started: they are delivered as `.cancelled` or `.deadlineExceeded`. A deadline that is
  /// past already delivers every text so. One text's failure is its own; the others go on.
  ///
  /// - Parameters:
  ///   - deadline: after this instant no text's computation is started; nil means no limit.
  ///   - admission: what to do when the queue is full.
  ///   - deliver: called exactly once per index of `inputs`, in any order, from one of the engine's
  ///     own threads, as soon as that text is ready. It must be quick: a worker computes nothing
  ///     meanwhile.
  /// - Returns: the call's timings.
  /// - Throws: if the call as a whole was not admitted; then nothing is delivered. `.overloaded`,
  ///   `.shuttingDown`, `.wrongModel` if the model is a reranker, and, while waiting for admission, `.cancelled` and `.deadlineExceeded`.
  func embed(
    _ inputs: [EmbedInput], deadline: ContinuousClock.Instant?, admission: Admission,
    deliver: @escaping @Sendable (Int, Result<Embedded, EngineError>) -> Void
  ) async throws(EngineError) -> StageTimings
}
