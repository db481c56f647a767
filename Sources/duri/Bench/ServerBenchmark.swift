import ArgumentParser
import DuriClient
import Foundation

struct ServerBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "server",
    abstract: "Load a running server over gRPC and tell its rates and latencies.",
    discussion: """
      One text a call. Closed loop: so many callers, each waiting for its answer. Open loop
      (--rate): calls are sent at that rate whatever happens, and latency counts from the time
      each was to be sent.

      Examples:
        duri bench server --server 127.0.0.1:50051
        duri bench server --server 127.0.0.1:50051 --rate 200 --seconds 30 --texts queries.txt
      """)

  @OptionGroup var benchOptions: BenchOptions

  @Option(help: ArgumentHelp("The server.", valueName: "host:port"))
  var server = Address(host: "127.0.0.1", port: 50_051)

  @Option(
    help: ArgumentHelp(
      "One text a line (default: sentences of a built-in grammar).", valueName: "file"))
  var texts: String?

  @Option(
    help: ArgumentHelp(
      "Closed loop with so many callers, one run each (default without --rate: 1,8,64).",
      valueName: "n,n"))
  var concurrency: NumberList?

  @Option(help: ArgumentHelp("Open loop with so many calls a second.", valueName: "calls/s"))
  var rate: Double?

  /// Texts that are read of a file at most.
  private static let maximumTexts = 100_000
  /// Calls of one open-loop run at most.
  private static let maximumCalls = 1e7

  func validate() throws {
    if let concurrency, !concurrency.numbers.allSatisfy((1...10_000).contains) {
      throw ValidationError("--concurrency takes numbers from 1 to 10000")
    }
    if let rate, !(rate > 0 && rate * benchOptions.seconds <= Self.maximumCalls) {
      throw ValidationError(
        "--rate is \(rate); more than 0 and up to 10 million calls in all make sense")
    }
  }

  func run() async throws {
    try await reportingErrors {
      let client = try await EmbeddingsClient.connect(host: server.host, port: server.port)
      let model = try await client.model()
      report("duri: \(model.contract.name), \(model.precision), on \(server.host):\(server.port)")
      let load = ServerLoad(client: client, texts: try readTexts())
      _ = await load.closed(concurrency: 4, seconds: min(1, benchOptions.seconds))
      if !benchOptions.json { print(LoadResult.header) }
      var failed = 0
      for callers in concurrency?.numbers ?? (rate == nil ? [1, 8, 64] : []) {
        failed += show(
          LoadResult(
            load: .closed(callers),
            summary: await load.closed(concurrency: callers, seconds: benchOptions.seconds)))
      }
      if let rate {
        failed += show(
          LoadResult(
            load: .open(rate),
            summary: await load.open(rate: rate, seconds: benchOptions.seconds)))
      }
      await client.close()
      if failed > 0 { throw ExitCode.someFailed }
    }
  }

  /// - Returns: calls that failed.
  private func show(_ result: LoadResult) -> Int {
    print(benchOptions.json ? result.json : result.row)
    for (code, count) in result.summary.failures.sorted(by: { $0.key < $1.key }) {
      report("duri: \(count) calls failed: \(code)")
    }
    return result.summary.failed
  }

  private func readTexts() throws -> [String] {
    guard let texts else { return MadeSentences.make(1_000) }
    guard FileManager.default.fileExists(atPath: texts) else {
      throw CommandError("there is no file \(texts)")
    }
    var lines = TextSource(arguments: [texts]).makeIterator()
    let read = lines.next(Self.maximumTexts).filter { !$0.allSatisfy(\.isWhitespace) }
    if let failure = lines.failure { throw failure }
    guard !read.isEmpty else { throw CommandError("\(texts) has no texts") }
    return read
  }
}

/// Comma-separated whole numbers.
struct NumberList: ExpressibleByArgument {
  let numbers: [Int]

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, !numbers.isEmpty else { return nil }
  }
}
