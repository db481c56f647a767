import ArgumentParser
import Duri
import Foundation
import Retrieval

struct EvalBitextCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bitext",
    abstract: "Translations: how often each sentence finds its own translation among all.",
    discussion: """
      The file has two tab-separated columns, a sentence and its translation a
      line (Tatoeba). "forward" looks from the first column into the second; its
      F1 is what MTEB reports.

      Examples:
        duri eval bitext ko-en.tsv
        duri eval bitext --json --precision int8 ko-en.tsv
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var options: EvalOptions

  @Argument(help: ArgumentHelp("Two tab-separated columns.", valueName: "file"))
  var file: String

  func run() async throws {
    try await reportingErrors {
      let pairs = try pairs()
      let model = try modelOptions.load()
      var table = TextTable(model: model, instruction: options.instruction)
      let first = try await table.embed(
        pairs.map { ("", $0.0) }, as: .symmetric, what: "first column, sentence")
      let second = try await table.embed(
        pairs.map { ("", $0.1) }, as: .symmetric, what: "second column, sentence")
      await model.shutdown()
      let summary = BitextSummary(first: first, second: second)
      var report = EvalReport(task: "bitext", data: [file], model: .init(model))
      (report.texts, report.truncated) = (table.texts, table.truncated)
      report.rows = [("forward", summary.forward), ("backward", summary.backward)].map {
        name, measures in
        .init(
          name: name, items: summary.pairs,
          measures: [
            .init("accuracy", measures.accuracy), .init("f1", measures.f1),
            .init("precision", measures.precision),
          ])
      }
      try options.publish(report)
    }
  }

  private func pairs() throws -> [(String, String)] {
    guard let handle = FileHandle(forReadingAtPath: file) else {
      throw CommandError("\(file) cannot be read; check the name and the permissions")
    }
    let lines = LineReader(handle, name: file)
    var pairs: [(String, String)] = []
    var number = 0
    while pairs.count < options.limit ?? .max, let line = lines.next() {
      number += 1
      if line.isEmpty { continue }
      let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
      guard fields.count >= 2 else {
        throw CommandError("\(file):\(number) has one column; two, separated by a tab, are needed")
      }
      pairs.append((String(fields[0]), String(fields[1])))
    }
    if lines.failed { throw CommandError("\(file) could not be read to its end") }
    guard !pairs.isEmpty else { throw CommandError("\(file) has no lines") }
    return pairs
  }
}
