import ArgumentParser
import Duri
import Foundation
import Retrieval
import Service

/// How documents are found.
enum EvalMode: String, ExpressibleByArgument, CaseIterable {
  case vector, text, hybrid
}

struct EvalRetrievalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "retrieval",
    abstract: "Search: nDCG, MRR, recall, precision and MAP on a judged collection.",
    discussion: """
      The folder is in the layout of BEIR: corpus.jsonl and queries.jsonl with
      "_id", "text" (and "title", "metadata"), qrels/test.tsv with the header
      query-id, corpus-id, score. Measures are trec_eval's; equal scores rank by
      document id, the larger first. Queries without a relevant document are left
      out.

      --direction looks at metadata.lang of both sides: ko-en has Korean queries
      look among the English documents only. Where queries are marked "hard" in
      their metadata, each direction has a second line for these.

      Examples:
        duri eval retrieval corpus/
        duri eval retrieval corpus/ --direction ko-en,en-ko,all --plot chart.svg
        duri eval retrieval corpus/ --mode hybrid --k 10,100 --json
        duri eval retrieval corpus/ --rerank ./my-reranker --rerank-candidates 90
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var options: EvalOptions

  @Option(help: "Search by meaning, by words (BM25), or both: vector, text or hybrid.")
  var mode = EvalMode.vector

  @Option(help: ArgumentHelp("Languages of queries and documents, several by commas.", valueName: "q-d"))
  var direction = "all"

  @Option(
    name: .customLong("k"),
    help: ArgumentHelp("Measure the first k hits, several by commas.", valueName: "k"))
  var cutoffs = "10"

  @Option(help: ArgumentHelp("Judgements of qrels/<split>.tsv (default: test).", valueName: "split"))
  var split: String?

  @Option(help: ArgumentHelp("Cross-encoder that ranks the first hits again.", valueName: "ref"))
  var rerank: String?

  @Option(help: ArgumentHelp("Hits it ranks again.", valueName: "n"))
  var rerankCandidates = 50

  @Flag(help: "Leave a document out of the hits of a query of the same id.")
  var ignoreIdenticalIds = false

  @Argument(help: ArgumentHelp("Folder with corpus.jsonl, queries.jsonl and qrels/.", valueName: "folder"))
  var folder: String

  private var directions: [SearchDirection?] {
    direction.split(separator: ",", omittingEmptySubsequences: false).map { SearchDirection(String($0)) }
  }

  private var ks: [Int?] {
    cutoffs.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) }
  }

  func validate() throws {
    guard directions.allSatisfy({ $0 != nil }) else {
      throw ValidationError("--direction is '\(direction)'; such as ko-en,en-ko,all makes sense")
    }
    guard !ks.isEmpty, ks.allSatisfy({ $0.map { (1...1_000).contains($0) } == true }) else {
      throw ValidationError("--k is '\(cutoffs)'; numbers from 1 to 1000 by commas make sense")
    }
    guard (1...1_000).contains(rerankCandidates) else {
      throw ValidationError("--rerank-candidates is \(rerankCandidates); 1 to 1000 make sense")
    }
  }

  func run() async throws {
    try await reportingErrors {
      let collection = try RetrievalCollection(folder: folder, split: split, limit: options.limit)
      let ks = ks.compactMap(\.self)
      var report = EvalReport(task: "retrieval", data: [folder], mode: mode.rawValue)
      var finder = DocumentFinder(
        collection: collection, mode: mode, depth: ks.max() ?? 10,
        skipsOwnId: ignoreIdenticalIds)
      if mode != .vector { finder.readWords() }
      if mode != .text {
        let model = try modelOptions.load()
        var table = TextTable(model: model, instruction: options.instruction)
        try await finder.embed(with: &table)
        await model.shutdown()
        report.model = .init(model)
        (report.texts, report.truncated) = (table.texts, table.truncated)
      }
      if let rerank {
        let model = try RerankingModel.load(
          rerank, precision: modelOptions.precision.resolved, engine: modelOptions.engine)
        finder.reranking = (model, rerankCandidates)
        report.reranker = model.contract.name
      }
      for direction in directions.compactMap(\.self) {
        report.rows += try await rows(direction, finder, ks)
      }
      await finder.reranking?.model.shutdown()
      try options.publish(report)
    }
  }

  /// The lines of one direction: all queries, and the hard ones where there are some.
  private func rows(
    _ direction: SearchDirection, _ finder: DocumentFinder, _ ks: [Int]
  ) async throws -> [EvalReport.Row] {
    let found = try await finder.find(direction)
    func row(_ name: String, _ results: [DocumentFinder.Found]) -> EvalReport.Row {
      EvalReport.Row(
        name: name, items: results.count, documents: found.documents,
        measures: ks.flatMap { measures(of: results, cutoff: $0) })
    }
    let hard = found.results.filter(\.query.isHard)
    return [row(direction.name, found.results)]
      + (hard.isEmpty || hard.count == found.results.count ? [] : [row("\(direction.name) hard", hard)])
  }

  private func measures(
    of results: [DocumentFinder.Found], cutoff k: Int
  ) -> [EvalReport.Measure] {
    let summary = RankingSummary(
      results.map { RankingMeasures($0.hits, judgements: $0.judgements, cutoff: k) }, cutoff: k)
    return [
      .init("ndcg@\(k)", summary.ndcg), .init("mrr@\(k)", summary.mrr),
      .init("recall@\(k)", summary.recall), .init("precision@\(k)", summary.precision),
      .init("map@\(k)", summary.map),
    ]
  }
}
