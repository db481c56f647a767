import GRPCTransport
import NIOPosix
import Service
import Testing
import WireFormats

@testable import DuriServer

@Suite struct HealthTests {
  private func withServer(
    _ body: (GRPCChannel, HealthState) async throws -> Void
  ) async throws {
    let health = HealthState(services: ServerRoutes.services)
    let operations = try Operations(
      embeddings: EmbeddingService(embedder: try BuiltIn.model.get().embedder), fingerprint: "test")
    try await withLiveServer(try ServerRoutes.make(operations: operations, health: health)) { port in
      let channel = try await GRPCChannel.connect(
        host: "127.0.0.1", port: port, group: MultiThreadedEventLoopGroup.singleton)
      try await body(channel, health)
      await channel.close()
    }
  }

  private func request(_ service: String) throws -> [UInt8] {
    var request = Grpc_Health_V1_HealthCheckRequest()
    request.service = service
    return try request.serializedBytes()
  }

  @Test func checkKnowsEveryServiceAndTheServer() async throws {
    try await withServer { channel, health in
      for service in [""] + ServerRoutes.services {
        let reply = try await channel.unary("/grpc.health.v1.Health/Check", try request(service))
        #expect(try Grpc_Health_V1_HealthCheckResponse(serializedBytes: reply).status == .serving)
      }
      await expect(.notFound) {
        _ = try await channel.unary("/grpc.health.v1.Health/Check", try request("nobody"))
      }
      health.stopServing()
      let reply = try await channel.unary("/grpc.health.v1.Health/Check", try request(""))
      #expect(try Grpc_Health_V1_HealthCheckResponse(serializedBytes: reply).status == .notServing)
    }
  }

  @Test func watchTellsTheChangeAndEnds() async throws {
    try await withServer { channel, health in
      let call = try await channel.start("/grpc.health.v1.Health/Watch")
      try await call.send(try request("duri.v1.Embeddings"))
      call.finishSending()
      let first = try #require(try await call.nextMessage())
      #expect(try Grpc_Health_V1_HealthCheckResponse(serializedBytes: first).status == .serving)
      health.stopServing()
      let second = try #require(try await call.nextMessage())
      #expect(try Grpc_Health_V1_HealthCheckResponse(serializedBytes: second).status == .notServing)
      #expect(try await call.nextMessage() == nil)
    }
  }

  @Test(arguments: ReflectionRoutes.services)
  func reflectionListsAndDescribes(_ service: String) async throws {
    try await withServer { channel, _ in
      let call = try await channel.start("/\(service)/ServerReflectionInfo")
      var list = Grpc_Reflection_V1_ServerReflectionRequest()
      list.listServices = ""
      try await call.send(try list.serializedBytes())
      let listed = try Grpc_Reflection_V1_ServerReflectionResponse(
        serializedBytes: try #require(try await call.nextMessage()))
      #expect(Set(listed.listServicesResponse.service.map(\.name)) == Set(ServerRoutes.services))
      var symbol = Grpc_Reflection_V1_ServerReflectionRequest()
      symbol.fileContainingSymbol = "duri.v1.Embeddings"
      try await call.send(try symbol.serializedBytes())
      let found = try Grpc_Reflection_V1_ServerReflectionResponse(
        serializedBytes: try #require(try await call.nextMessage()))
      #expect(found.fileDescriptorResponse.fileDescriptorProto.count == 1)
      symbol.fileContainingSymbol = "nothing.here"
      try await call.send(try symbol.serializedBytes())
      let missing = try Grpc_Reflection_V1_ServerReflectionResponse(
        serializedBytes: try #require(try await call.nextMessage()))
      #expect(missing.errorResponse.errorCode == 5)
      call.finishSending()
      #expect(try await call.nextMessage() == nil)
    }
  }
}
