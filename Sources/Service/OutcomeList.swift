import Synchronization

/// Outcomes of the texts of an embedding call.
public typealias OutcomeList = ResultList<EmbeddedText, ServiceError>

/// Collects results that arrive from worker threads in any order.
public final class ResultList<Success: Sendable, Failure: Error>: Sendable {
  private let slots: Mutex<[Result<Success, Failure>?]>

  public init(count: Int) {
    slots = Mutex(Array(repeating: nil, count: count))
  }

  public func set(_ index: Int, _ outcome: Result<Success, Failure>) {
    slots.withLock { $0[index] = outcome }
  }

  /// The results in order.
  ///
  /// - Parameter missing: stands for a slot that nobody filled: an internal error, not a trap.
  func taken(missing: Failure) -> [Result<Success, Failure>] {
    slots.withLock { slots in slots.map { $0 ?? .failure(missing) } }
  }
}

extension ResultList where Failure == ServiceError {
  /// The results in order; a slot nobody filled is an internal error.
  public func taken() -> [Result<Success, ServiceError>] {
    taken(missing: ServiceError(.internal, "the engine gave no answer for this text"))
  }
}
