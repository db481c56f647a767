import Encoder

extension EngineError {
  static let shuttingDown = EngineError(
    code: .shuttingDown, message: "the engine is shutting down; try another server")

  static let nonFinite = EngineError(
    code: .nonFinite,
    message: "the model's vector for this text holds NaN or infinity; check the model's weights")

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
