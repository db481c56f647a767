import Retrieval

extension ServiceError {
  /// The store's error in the words every transport knows.
  public init(_ error: RetrievalError) {
    let code: Code =
      switch error.code {
      case .invalidArgument: .invalidArgument
      case .notFound: .notFound
      case .alreadyExists: .alreadyExists
      case .contractMismatch: .failedPrecondition
      case .storage: .internal
      case .unsupported: .unimplemented
      case .cancelled: .cancelled
      }
    self.init(code, error.message)
  }
}

/// Runs a store's operation, turning its error into the service's.
func stored<R: Sendable>(
  _ operation: () async throws(RetrievalError) -> R
) async throws(ServiceError) -> R {
  do {
    return try await operation()
  } catch {
    throw ServiceError(error)
  }
}
