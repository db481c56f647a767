import Service
import Testing

@testable import HTTPTransport

@Suite struct DeadlineTests {
  @Test func workIsCancelledSoonAfterItsDeadline() async {
    let began = ContinuousClock.now
    let error = await #expect(throws: ServiceError.self) {
      try await within(began + .milliseconds(10)) { try await Task.sleep(for: .seconds(60)) }
    }
    #expect(error?.code == .deadlineExceeded)
    #expect(ContinuousClock.now - began < .seconds(30))
  }

  @Test func workThatEndsInTimeGivesItsResult() async throws {
    #expect(try await within(.now + .seconds(60)) { 7 } == 7)
    #expect(try await within(nil) { 8 } == 8)
  }

  @Test func workThatFailsTellsItsOwnError() async {
    let error = await #expect(throws: ServiceError.self) {
      try await within(.now + .seconds(60)) { throw ServiceError(.notFound, "no such collection") }
    }
    #expect(error?.code == .notFound)
  }
}
