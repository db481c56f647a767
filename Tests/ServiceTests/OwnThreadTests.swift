import Foundation
import Retrieval
import Testing

@testable import Service

@Suite struct OwnThreadTests {
  @Test func aResultComesBack() async throws {
    let result = try await onOwnThread { (cancellation: MiningCancellation) in
      cancellation.isRequested ? 0 : 7
    }
    #expect(result == 7)
  }

  @Test func cancellingTheCallEndsTheWork() async {
    let began = AsyncStream<Void>.makeStream()
    let task = Task {
      try await onOwnThread { (cancellation: MiningCancellation) in
        began.continuation.yield()
        while !cancellation.isRequested { Thread.sleep(forTimeInterval: 0.001) }
        return 7
      }
    }
    for await _ in began.stream { break }
    task.cancel()
    await #expect {
      try await task.value
    } throws: {
      ($0 as? ServiceError)?.code == .cancelled
    }
  }
}
