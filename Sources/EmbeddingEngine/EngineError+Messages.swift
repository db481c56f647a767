import Encoder

extension EngineError {
  static let shuttingDown = EngineError(
    code: .shuttingDown, message: "the engine is shutting down; try another server")

  static let nonFinite = EngineError(
    code: .nonFinite,
    message: "the model's output for this text holds NaN or infinity; check the model's weights")

  /// - Parameter isReranker: what the model is; it was asked for what the other kind gives.
  static func wrongModel(_ name: String, isReranker: Bool) -> EngineError {
    EngineError(
      code: .wrongModel,
      message: isReranker
        ? "model '\(name)' is a reranker: it scores passages against a query and gives no vectors; "
          + "use an embedding model"
        : "model '\(name)' is an embedder: it gives vectors and scores no pairs; use a reranker (a "
          + "model with a classifier of one label)")
  }

  static func overloaded(_ load: EngineLoad, retryAfter: Duration) -> EngineError {
    let milliseconds = Int(retryAfter / .milliseconds(1))
    return EngineError(
      code: .overloaded,
      message:
        "the queue holds \(load.admittedTokens) of \(load.capacityTokens) tokens; "
        + "retry in \(milliseconds) ms",
      retryAfter: retryAfter)
  }

  init(_ reason: Scheduler.Drop.Reason) {
    switch reason {
    case .cancelled:
      self.init(code: .cancelled, message: "the call was cancelled before the text was computed")
    case .expired:
      self.init(
        code: .deadlineExceeded, message: "the deadline passed before the text was computed")
    case .shuttingDown:
      self = .shuttingDown
    }
  }

  init(_ error: EncoderError) {
    self.init(
      code: error.code == .nonFinite ? .nonFinite : .internalFailure, message: error.message)
  }
}
