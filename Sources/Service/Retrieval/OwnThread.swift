import Dispatch
import Retrieval

/// Runs long arithmetic on a thread of its own, so that Swift's cooperative threads stay free for calls.
func onOwnThread<R: Sendable>(_ work: @escaping @Sendable () -> R) async -> R {
  await withCheckedContinuation { continuation in
    DispatchQueue.global(qos: .utility).async { continuation.resume(returning: work()) }
  }
}

/// The same for work that can be ended early: it is when the calling task is cancelled, and then throws.
func onOwnThread<R: Sendable>(
  _ work: @escaping @Sendable (MiningCancellation) -> R
) async throws(ServiceError) -> R {
  let cancellation = MiningCancellation()
  let result = await withTaskCancellationHandler {
    await onOwnThread { work(cancellation) }
  } onCancel: {
    cancellation.request()
  }
  guard !cancellation.isRequested else {
    throw ServiceError(.cancelled, "the call was cancelled before its result was ready")
  }
  return result
}
