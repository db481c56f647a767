import EmbeddingEngine
import Logging
import ModelFiles
import NIOPosix
import Retrieval
import Service
import ServiceLifecycle
import TestSupport

@testable import HTTPTransport

/// A server on a free port, with a stub for a model and collections in memory.
struct Harness {
  var configuration = HTTPConfiguration()
  var limits = ServiceLimits()
  var embedder = StubEmbedder(
    contract: .stub(prompts: Prompts(query: "query: ", passage: "passage: ", symmetric: "query: ")))
  var reranker: StubReranker?
  /// Routes beside Duri's own.
  var extra: [any RouteGroup] = []
  var isServing: @Sendable () -> Bool = { true }
  let store = MemoryStore()

  func table() throws -> RouteTable {
    let embeddings = EmbeddingService(embedder: embedder, limits: limits)
    let reranking = reranker.map { RerankingService(reranker: $0, limits: limits) }
    var table = RouteTable.duri(
      embeddings: embeddings, reranking: reranking,
      retrieval: try RetrievalService(
        store: store, embeddings: embeddings, reranking: reranking, fingerprint: "f1"),
      version: "1.2.3",
      resources: Repository.url("Sources/HTTPTransport/Resources").path, isServing: isServing)
    for group in extra { group.add(to: &table) }
    return table
  }

  /// Serves while `use` runs.
  ///
  /// - Parameter use: gets the port, and what begins a graceful shutdown.
  func serve<R: Sendable>(
    _ use: @escaping @Sendable (Int, _ drain: @escaping @Sendable () async -> Void) async throws -> R
  ) async throws -> R {
    var configuration = configuration
    configuration.port = 0
    let server = HTTPServer(
      configuration: configuration, routes: try table(),
      maximumBodyBytes: limits.maximumMessageBytes, group: MultiThreadedEventLoopGroup.singleton,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
    let group = ServiceGroup(
      configuration: .init(
        services: [Served(server: server, onListening: { continuation.yield($0) })],
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
    return try await withThrowingTaskGroup(of: R?.self) { tasks in
      tasks.addTask {
        try await group.run()
        return nil
      }
      tasks.addTask {
        for await port in ports {
          return try await use(port) { await group.triggerGracefulShutdown() }
        }
        return nil
      }
      defer { tasks.cancelAll() }
      while let result = try await tasks.next() {
        if let result { return result }
      }
      throw Wire.Failure(what: "the server ended before its test")
    }
  }

  /// One request on a connection of its own.
  func ask(
    _ method: String, _ path: String, body: String? = nil, type: String = "application/json",
    headers: String = ""
  ) async throws -> Answer {
    try await serve { port, _ in
      try await Wire.connect(port) { wire in
        try await wire.send(method, path, body: body, type: type, headers: headers)
        return try await wire.answer(toHead: method == "HEAD")
      }
    }
  }
}

private struct Served: ServiceLifecycle.Service {
  let server: HTTPServer
  let onListening: @Sendable (Int) -> Void

  func run() async throws { try await server.serve(onListening: onListening) }
}
