import Synchronization

/// Asks an operation over a whole table to end early. What such an operation then returns is of its
/// declared form and means nothing.
public final class MiningCancellation: Sendable {
  private let flag = Atomic<Bool>(false)

  public init() {}

  public var isRequested: Bool { flag.load(ordering: .relaxed) }

  public func request() { flag.store(true, ordering: .relaxed) }
}
