import ArgumentParser

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the engine, a search among many sentences, or a running server.",
    discussion: """
      Figures are comparable within one run on one machine that does nothing else;
      deploy/bench-peers measures other engines beside this one.
      """,
    subcommands: [
      EngineBenchmark.self, PairsBenchmark.self, SearchBenchmark.self, ServerBenchmark.self,
    ])
}

/// How long to measure, and how to say what came out.
struct BenchOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Seconds to measure each line.", valueName: "s"))
  var seconds = 6.0

  @Flag(help: "One JSON object a line instead of a table.")
  var json = false

  func validate() throws {
    guard seconds > 0, seconds <= 86_400 else {
      throw ValidationError("--seconds is \(seconds); more than 0 and up to 86400 make sense")
    }
  }
}
