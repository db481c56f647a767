import Testing

@testable import Service

@Suite struct BoundedCallsTests {
  /// A call that has begun and ends when it is told to.
  private func held(by calls: BoundedCalls) async -> (end: @Sendable () -> Void, call: Task<Void, any Error>) {
    let (begun, told) = AsyncStream.makeStream(of: Void.self)
    let (ended, end) = AsyncStream.makeStream(of: Void.self)
    let call = Task {
      try await calls.run { () async throws(ServiceError) in
        told.finish()
        for await _ in ended {}
      }
    }
    for await _ in begun {}
    return ({ end.finish() }, call)
  }

  @Test func oneTooManyIsRefusedAndMayTryAgain() async throws {
    let calls = BoundedCalls(limit: 2, what: "maps")
    let first = await held(by: calls)
    let second = await held(by: calls)
    let refusal = await #expect(throws: ServiceError.self) {
      try await calls.run { () async throws(ServiceError) in }
    }
    #expect(refusal?.code == .resourceExhausted)
    #expect(refusal?.retryAfter != nil)
    #expect(refusal?.message.contains("2 calls for maps") == true)
    first.end()
    try await first.call.value
    let made = try await calls.run { () async throws(ServiceError) in 7 }
    #expect(made == 7)
    second.end()
    try await second.call.value
  }

  @Test func aCallThatFailsGivesItsPlaceBack() async throws {
    let calls = BoundedCalls(limit: 1, what: "maps")
    for _ in 0..<3 {
      let error = await #expect(throws: ServiceError.self) {
        try await calls.run { () async throws(ServiceError) in
          throw ServiceError(.notFound, "no such collection")
        }
      }
      #expect(error?.code == .notFound)
    }
  }
}
