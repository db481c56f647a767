import ArgumentParser
import DuriClient
import DuriServer
import Foundation
import Logging

/// Which server's collections a command works on: a running one's, or those of a directory, served by this process for
/// as long as the command runs.
struct RetrievalOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Use this server's collections.", valueName: "host:port"))
  var server: Address?

  @Option(
    help: ArgumentHelp(
      "Without --server: directory of the collections (default: $DURI_DATA, or duri in the user's data folder).",
      valueName: "directory"))
  var data: String?

  @Option(
    help: ArgumentHelp("Without --server: cross-encoder for --rerank.", valueName: "ref"))
  var reranker: String?

  @OptionGroup var model: ModelOptions

  func validate() throws {
    if server != nil, data != nil || reranker != nil {
      throw ValidationError("--data and --reranker belong to a server started here; with --server, name them to that server")
    }
  }

  /// Connects, or serves the directory on a free loopback port and connects to that.
  func withClient(_ body: @escaping @Sendable (RetrievalClient) async throws -> Void) async throws {
    if let server {
      let client = try await RetrievalClient.connect(host: server.host, port: server.port)
      try await body(client)
      await client.close()
      return
    }
    var configuration = DuriServer.Configuration()
    configuration.take(model)
    configuration.grpc.host = "127.0.0.1"
    configuration.grpc.port = 0
    configuration.store = .directory(data ?? Self.defaultData)
    configuration.reranker = reranker
    try await withServer(configuration, body)
  }

  private func withServer(
    _ configuration: DuriServer.Configuration,
    _ body: @escaping @Sendable (RetrievalClient) async throws -> Void
  ) async throws {
    var logger = Logger(label: "duri") { StreamLogHandler.standardError(label: $0) }
    logger.logLevel = .warning
    let server = Server(configuration, logger: logger)
    let (ports, announce) = AsyncStream.makeStream(of: Int.self)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        defer { announce.finish() }
        // Ctrl-C ends the command at once, as it ends others; the store survives it.
        try await server.run(handlesSignals: false) { _, ports in announce.yield(ports.grpc) }
        return false
      }
      group.addTask {
        for await port in ports {
          let client = try await RetrievalClient.connect(host: "127.0.0.1", port: port)
          try await body(client)
          await client.close()
          return true
        }
        return false
      }
      // The first to end is the command's own work, or a server that could not start; after the former the server's
      // end is only waited for, so that its files are closed.
      let isDone = try await group.next() ?? false
      group.cancelAll()
      do {
        while try await group.next() != nil {}
      } catch {
        if !isDone { throw error }
      }
    }
  }

  static var defaultData: String {
    let environment = ProcessInfo.processInfo.environment
    if let named = environment["DURI_DATA"], !named.isEmpty { return named }
    if let base = environment["XDG_DATA_HOME"], !base.isEmpty { return base + "/duri" }
    return NSHomeDirectory() + "/.local/share/duri"
  }
}

extension DuriServer.Configuration {
  mutating func take(_ options: ModelOptions) {
    model = options.model
    precision = options.precision.resolved
    rerankerPrecision = options.precision.resolved
    maximumTokens = options.maxTokens
    pooling = options.pooling
    engine = options.engine
  }
}
