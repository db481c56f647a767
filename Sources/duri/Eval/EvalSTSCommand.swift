import ArgumentParser
import Duri
import Foundation
import Retrieval

struct EvalSTSCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "sts",
    abstract: "Sentence similarity: how well cosines follow people's scores (Spearman, Pearson).",
    discussion: """
      Files are tab-separated with a header (score, sentence1, sentence2; KorSTS,
      STS benchmark), tab-separated without one (score, sentence, sentence), or
      JSON arrays (KLUE-STS). A header with several languages (ko_sentence1,
      en_sentence2 …) is measured within and across them.

      Examples:
        duri eval sts sts-dev.tsv
        duri eval sts --columns score,ko_sentence1,en_sentence2 sts-dev.xling.tsv
        duri eval sts --json --plot sts.svg sts-dev.tsv klue-sts-v1.1_dev.json
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var options: EvalOptions

  @Option(
    help: ArgumentHelp(
      "Score and both sentences, by name or number from 1 (default: found by the header).",
      valueName: "score,a,b"))
  var columns: String?

  @Argument(help: ArgumentHelp("Scored pairs.", valueName: "file"))
  var files: [String]

  private var columnNames: [String]? {
    columns?.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
  }

  func validate() throws {
    if let columnNames, columnNames.count != 3 {
      throw ValidationError("--columns names \(columnNames.count) columns; give score and two sentences")
    }
  }

  func run() async throws {
    try await reportingErrors {
      let sets = try files.flatMap {
        try SentencePairFile.read($0, columns: columnNames, limit: options.limit)
      }
      if let empty = sets.first(where: { $0.pairs.count < 2 }) {
        throw CommandError("\(empty.name) has \(empty.pairs.count) pairs; 2 are needed at least")
      }
      let model = try modelOptions.load()
      var table = TextTable(model: model, instruction: options.instruction)
      var report = EvalReport(task: "sts", data: files, model: .init(model))
      for set in sets {
        let summary = try await measured(set, &table)
        report.rows.append(
          .init(
            name: set.name, items: summary.pairs,
            measures: [.init("spearman", summary.spearman), .init("pearson", summary.pearson)]))
      }
      await model.shutdown()
      (report.texts, report.truncated) = (table.texts, table.truncated)
      try options.publish(report)
    }
  }

  private func measured(
    _ set: SentencePairFile.Set, _ table: inout TextTable
  ) async throws -> SimilaritySummary {
    let first = try await table.embed(
      set.pairs.map { ("", $0.first) }, as: .symmetric, what: "\(set.name), first sentence")
    let second = try await table.embed(
      set.pairs.map { ("", $0.second) }, as: .symmetric, what: "\(set.name), second sentence")
    let dimension = first.dimension
    let cosines = set.pairs.indices.map { pair in
      var sum = 0.0
      for index in pair * dimension..<(pair + 1) * dimension {
        sum += Double(first.values[index]) * Double(second.values[index])
      }
      return sum
    }
    return SimilaritySummary(similarities: cosines, scores: set.pairs.map(\.score))
  }
}
