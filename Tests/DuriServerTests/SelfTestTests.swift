import Duri
import Testing

@testable import DuriServer

@Suite struct SelfTestTests {
  @Test func theBuiltInModelPasses() async throws {
    try await SelfTest.run(try BuiltIn.model.get())
  }
}
