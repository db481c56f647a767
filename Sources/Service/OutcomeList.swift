import Synchronization

/// Collects outcomes that arrive from worker threads in any order.
public final class OutcomeList: Sendable {
  private let slots: Mutex<[EmbeddingService.Outcome?]>

  public init(count: Int) {
    slots = Mutex(Array(repeating: nil, count: count))
  }

  public func set(_ index: Int, _ outcome: EmbeddingService.Outcome) {
    slots.withLock { $0[index] = outcome }
  }

  /// The outcomes in order; a slot nobody filled is an internal error, not a trap.
  public func taken() -> [EmbeddingService.Outcome] {
    slots.withLock { slots in
      slots.map { $0 ?? .failure(ServiceError(.internal, "the engine gave no answer for this text")) }
    }
  }
}
