import ArgumentParser
import Foundation

struct EmbedCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "embed",
    abstract: "Turn texts into vectors, in this process or through a server.",
    discussion: """
      Each argument is a text, the name of a file with one text a line, or - for standard input.

      Examples:
        duri embed "The weather is nice." "날씨가 좋다."
        duri embed --role passage articles.txt > vectors.jsonl
        duri embed --format npy --output vectors.npy articles.txt
        zcat big.txt.gz | duri embed --server 127.0.0.1:50051 - > vectors.jsonl

      jsonl: one object a text, in order, with its index, embedding and receipt: tokens,
      tokens_used, truncated, kept (UTF-8 bytes), normalization_changed, unknown_pieces,
      prefix, prefix_already_present. A text that failed has "error" instead.
      npy: float32 of shape (texts, dimension); the row of a text that failed is NaN.
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var textOptions: TextOptions

  @Option(help: ArgumentHelp("Embed through this server instead.", valueName: "host:port"))
  var server: Address?

  @Option(help: "jsonl or npy.")
  var format = OutputFormat.jsonl

  @Option(name: .shortAndLong, help: ArgumentHelp("Write here (default: stdout).", valueName: "file"))
  var output: String?

  @Argument(help: ArgumentHelp("Texts, files with one text a line, or -.", valueName: "text|file|-"))
  var inputs: [String]

  func validate() throws {
    if inputs.isEmpty { throw ValidationError("give a text, a file, or - for standard input") }
  }

  func run() async throws {
    try await reportingErrors {
      let source = TextSource(arguments: inputs)
      var run = EmbedRun(writer: try format.writer(to: output))
      if let server {
        try await ServerEmbedding(
          address: server, model: modelOptions.model, options: textOptions
        ).embed(source, into: &run)
      } else {
        let model = try modelOptions.load()
        try await LocalEmbedding(model: model, options: textOptions).embed(source, into: &run)
        await model.shutdown()
      }
      try run.finish()
    }
  }
}

/// Results on their way to the output, counted.
struct EmbedRun {
  private var writer: any VectorWriter
  private var progress = Progress()
  private var done = 0
  private var failed = 0
  private var firstFailure = ""

  init(writer: any VectorWriter) {
    self.writer = writer
  }

  mutating func write(_ result: EmbedResult) throws {
    try writer.write(result, index: done)
    if case .failure(let failure) = result {
      if failed == 0 { firstFailure = "text \(done): \(failure.message)" }
      failed += 1
    }
    done += 1
    progress.update(done: done)
  }

  /// - Throws: exit code 1 if texts failed.
  mutating func finish() throws {
    try writer.finish()
    progress.finish(done: done)
    guard failed == 0 else {
      report("duri: \(failed) of \(done) texts failed; the first: \(firstFailure)")
      throw ExitCode.someFailed
    }
  }
}
