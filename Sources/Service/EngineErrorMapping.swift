import EmbeddingEngine

extension ServiceError {
  /// The engine's error in the words every transport knows.
  public init(_ error: EngineError) {
    let code: Code =
      switch error.code {
      case .overloaded: .resourceExhausted
      case .deadlineExceeded: .deadlineExceeded
      case .cancelled: .cancelled
      case .invalidText, .invalidQuery, .textTooLong: .invalidArgument
      case .wrongModel: .unimplemented
      case .nonFinite, .internalFailure: .internal
      case .shuttingDown: .unavailable
      }
    self.init(code, error.message, retryAfter: error.retryAfter)
  }
}
