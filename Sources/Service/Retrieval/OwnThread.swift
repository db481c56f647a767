import Dispatch

/// Runs long arithmetic on a thread of its own, so that Swift's cooperative threads stay free for calls.
func onOwnThread<R: Sendable>(_ work: @escaping @Sendable () -> R) async -> R {
  await withCheckedContinuation { continuation in
    DispatchQueue.global(qos: .utility).async { continuation.resume(returning: work()) }
  }
}
