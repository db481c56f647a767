import Duri
import DuriClient
import Foundation
import Logging
import NIOPosix
import Service
import WireFormats

@testable import DuriServer
@testable import GRPCTransport

/// How deep a test reaches: the same body runs against each.
enum Depth: CaseIterable, Sendable {
  /// Routes called directly: bodies are protobuf bytes, but there is no socket.
  case inProcess
  /// Our client, a real socket on a free port, our server.
  case live
}

/// What a test body needs of `duri.v1.Embeddings`.
protocol Embeddings: Sendable {
  func embed(_ request: Duri_V1_EmbedRequest) async throws -> Duri_V1_EmbedResponse
  func model(_ request: Duri_V1_GetModelRequest) async throws -> Duri_V1_GetModelResponse
  /// Sends all requests, then reads all results.
  func stream(_ requests: [Duri_V1_EmbedStreamRequest]) async throws -> [Duri_V1_StreamItem]
}

/// The built-in model, loaded once for all tests.
enum BuiltIn {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Models/duri-ko-en-bootstrap").path
  static let model = Result { try EmbeddingModel.load(folder) }
}

/// Runs `body` against a server of the built-in model.
func withEmbeddings(
  _ depth: Depth, limits: ServiceLimits = ServiceLimits(),
  _ body: (any Embeddings) async throws -> Void
) async throws {
  let service = EmbeddingService(embedder: try BuiltIn.model.get().embedder, limits: limits)
  let routes = try ServerRoutes.make(
    operations: try Operations(embeddings: service, fingerprint: "test"),
    health: HealthState(services: ServerRoutes.services))
  switch depth {
  case .inProcess: try await body(InProcessEmbeddings(routes: routes))
  case .live:
    try await withLiveServer(routes) { port in
      let client = try await EmbeddingsClient.connect(host: "127.0.0.1", port: port)
      try await body(LiveEmbeddings(client: client))
      await client.close()
    }
  }
}

/// Serves `routes` on a free port for as long as `body` runs, then drains.
func withLiveServer(_ routes: Routes, _ body: (Int) async throws -> Void) async throws {
  var configuration = GRPCServerConfiguration()
  configuration.port = 0
  let server = GRPCServer(
    configuration: configuration, routes: routes, group: MultiThreadedEventLoopGroup.singleton,
    logger: Logger(label: "test", factory: { _ in SwiftLogNoOpLogHandler() }))
  let (ports, port) = AsyncStream.makeStream(of: Int.self)
  try await withThrowingTaskGroup(of: Void.self) { group in
    group.addTask {
      try await server.serve { port.yield($0) }
      port.finish()
    }
    for await port in ports {
      do {
        try await body(port)
      } catch {
        server.beginDrain()
        throw error
      }
      break
    }
    server.beginDrain()
    try await group.waitForAll()
  }
}

/// Over a socket.
private struct LiveEmbeddings: Embeddings {
  let client: EmbeddingsClient

  func embed(_ request: Duri_V1_EmbedRequest) async throws -> Duri_V1_EmbedResponse {
    try await client.embed(request)
  }

  func model(_ request: Duri_V1_GetModelRequest) async throws -> Duri_V1_GetModelResponse {
    try await client.model(request.model)
  }

  func stream(_ requests: [Duri_V1_EmbedStreamRequest]) async throws -> [Duri_V1_StreamItem] {
    let stream = try await client.embedStream(requests.first?.settings ?? .init())
    async let sending: Void = {
      for request in requests { try await stream.send(request.texts) }
      stream.finishSending()
    }()
    var items: [Duri_V1_StreamItem] = []
    while let batch = try await stream.next() { items += batch }
    try await sending
    return items
  }
}
