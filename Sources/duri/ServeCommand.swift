import ArgumentParser
import DuriServer
import Foundation
import HTTPTransport
import Logging

struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve a model over gRPC and JSON (both without TLS) until SIGTERM or Ctrl-C.",
    discussion: """
      Examples:
        duri serve                                   the built-in model, gRPC on 127.0.0.1:50051,
                                                     JSON and a web page on http://127.0.0.1:8080
        duri serve --model ./multilingual-e5-small   a folder in Hugging Face layout
        duri serve --grpc 0.0.0.0:50051 --threads 8  on every interface, eight workers
        duri serve --data ./data                     with collections to search
        duri serve --store milvus://localhost:19530  with collections on a Milvus server

      On SIGTERM health turns to NOT_SERVING, new calls are refused and open ones get the drain
      time to end.
      """)

  @OptionGroup var options: ModelOptions

  @Option(help: ArgumentHelp("Address to listen on; port 0 takes a free one.", valueName: "host:port"))
  var grpc = Address(host: "127.0.0.1", port: 50_051)

  @Option(
    help: ArgumentHelp(
      "Address to serve JSON and the web page on; port 0 takes a free one.", valueName: "host:port"))
  var http = Address(host: "127.0.0.1", port: 8_080)

  @Flag(help: "Serve gRPC only.")
  var noHttp = false

  @Option(
    help: ArgumentHelp(
      "A name besides localhost that HTTP requests may be sent to; may be repeated.", valueName: "name"))
  var httpName: [String] = []

  @Option(
    help: ArgumentHelp(
      "An origin whose web pages may call the server, or *; may be repeated.", valueName: "origin"))
  var allowOrigin: [String] = []

  @Option(
    help: ArgumentHelp("Keep collections in this directory; without it none are served.", valueName: "directory"))
  var data: String?

  @Option(
    help: ArgumentHelp(
      "Keep collections on a Milvus server: milvus://[user:password@]host[:port][/database].",
      valueName: "url"))
  var store: String?

  @Option(help: ArgumentHelp("A cross-encoder, for rerank; --precision is for both models.", valueName: "ref"))
  var reranker: String?

  @Option(help: ArgumentHelp("Texts accepted in one Embed call.", valueName: "n"))
  var maxTexts: Int?

  @Option(help: ArgumentHelp("Bytes accepted in one request message.", valueName: "bytes"))
  var maxMessageBytes: Int?

  @Option(
    help: ArgumentHelp(
      "Tokens that may wait or be computed before calls are refused.", valueName: "n"))
  var queueTokens: Int?

  @Option(help: ArgumentHelp("Seconds that open calls get once stopping.", valueName: "s"))
  var drainSeconds = 30

  @Option(help: "trace, debug, info, notice, warning, error or critical.")
  var logLevel = LogLevel.info

  func validate() throws {
    if data != nil && store != nil {
      throw ValidationError("--data and --store both say where collections are kept; give one of them")
    }
    for (name, value) in [
      ("--max-texts", maxTexts), ("--max-message-bytes", maxMessageBytes),
      ("--queue-tokens", queueTokens), ("--drain-seconds", drainSeconds),
    ] {
      if let value, !(1...1_000_000_000).contains(value) {
        throw ValidationError("\(name) is \(value); 1 to 1000000000 make sense")
      }
    }
  }

  func run() async throws {
    try await reportingErrors {
      LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
      var logger = Logger(label: "duri")
      logger.logLevel = logLevel.level
      try await Server(configuration, logger: logger).run { contract, ports in
        report(
          "duri \(Server.version): \(contract.name) (\(contract.dimension) dimensions, "
            + "\(contract.maximumTokens) tokens) on \(grpc.host):\(ports.grpc), gRPC")
        if let port = ports.http { report("duri: JSON and web page on http://\(http.urlHost):\(port)") }
      }
    }
  }

  private var configuration: DuriServer.Configuration {
    var configuration = DuriServer.Configuration()
    configuration.take(options)
    if let data { configuration.store = .directory(data) }
    if let store { configuration.store = .milvus(store) }
    configuration.reranker = reranker
    if let queueTokens { configuration.engine.queueTokens = queueTokens }
    if let maxTexts { configuration.limits.maximumTexts = maxTexts }
    if let maxMessageBytes { configuration.limits.maximumMessageBytes = maxMessageBytes }
    configuration.grpc.host = grpc.host
    configuration.grpc.port = grpc.port
    configuration.grpc.drainTimeout = .seconds(drainSeconds)
    if !noHttp {
      var json = HTTPConfiguration()
      json.host = http.host
      json.port = http.port
      json.hostNames = httpName
      json.allowedOrigins = allowOrigin
      configuration.http = json
    }
    return configuration
  }
}

/// Log levels by name.
enum LogLevel: String, ExpressibleByArgument, CaseIterable {
  case trace, debug, info, notice, warning, error, critical

  var level: Logger.Level { Logger.Level(rawValue: rawValue) ?? .info }
}
