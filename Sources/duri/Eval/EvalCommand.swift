import ArgumentParser

struct EvalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "eval",
    abstract: "Measure a model: search, sentence similarity, translations finding each other.",
    discussion: """
      Every number comes with a 95 % confidence interval (1,000 bootstrap
      resamples, always the same draws, so that equal results give equal
      intervals).

      Examples:
        duri eval retrieval corpus/ --direction ko-en,en-ko
        duri eval sts sts-dev.tsv --json
        duri eval bitext ko-en.tsv --model ./my-model
      """,
    subcommands: [EvalRetrievalCommand.self, EvalSTSCommand.self, EvalBitextCommand.self])
}

/// What all evaluations have in common.
struct EvalOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Task description, for instruct models.", valueName: "task"))
  var instruction: String?

  @Option(help: ArgumentHelp("Only the first n queries or pairs.", valueName: "n"))
  var limit: Int?

  @Flag(help: "One JSON object instead of a table.")
  var json = false

  @Option(help: ArgumentHelp("Write a bar chart with the intervals here.", valueName: "file.svg"))
  var plot: String?

  func validate() throws {
    if let limit, limit < 1 { throw ValidationError("--limit is \(limit); at least 1 makes sense") }
  }

  /// Prints the report, and draws it if asked to.
  func publish(_ report: EvalReport) throws {
    if let plot {
      do {
        try report.chart.svg.write(toFile: plot, atomically: true, encoding: .utf8)
      } catch {
        throw CommandError("\(plot) cannot be written; check the folder and its permissions")
      }
    }
    print(json ? try report.json : report.text)
  }
}
