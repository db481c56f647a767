import ArgumentParser
import DuriClient
import Foundation
import Retrieval
import Service
import WireFormats

extension SearchMode: ExpressibleByArgument {}
extension SearchMethod: ExpressibleByArgument {}

struct SearchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Find documents of a collection by meaning, by words, or both.",
    discussion: """
      Examples:
        duri search -c notes "김장은 언제 담그나요?"
        duri search -c wiki --filter 'lang == "en"' --limit 5 "빛은 왜 굴절되나"
        duri search -c wiki --mode hybrid --rerank --reranker ./my-cross-encoder "tenancy deposit"
        duri search -c wiki --format jsonl - < queries.txt
      """)

  @OptionGroup var options: RetrievalOptions

  @Option(name: .shortAndLong, help: "Name of the collection.")
  var collection: String

  @Option(name: .shortAndLong, help: ArgumentHelp("Hits a query.", valueName: "n"))
  var limit = 10

  @Option(help: ArgumentHelp("Only documents whose metadata fulfil this.", valueName: "condition"))
  var filter = ""

  @Option(help: "vector (meaning), text (words) or hybrid.")
  var mode = SearchMode.vector

  @Option(help: "Scan of the vectors: exact, int8 or binary, the last two rescored.")
  var method = SearchMethod.int8

  @Flag(help: "Have the cross-encoder rank the best again.")
  var rerank = false

  @Option(help: "text or jsonl.")
  var format = Format.text

  @Argument(help: ArgumentHelp("Queries, files with one query a line, or -.", valueName: "query|file|-"))
  var queries: [String]

  enum Format: String, ExpressibleByArgument, CaseIterable { case text, jsonl }

  private static let queriesPerCall = 32

  func validate() throws {
    if queries.isEmpty { throw ValidationError("give a query") }
  }

  func run() async throws {
    try await reportingErrors {
      try await options.withClient { client in
        var source = TextSource(arguments: queries).makeIterator()
        var failed = 0
        while true {
          let batch = source.next(Self.queriesPerCall)
          if let failure = source.failure { throw failure }
          if batch.isEmpty { break }
          let reply = try await client.search(
            Duri_V1_SearchRequest(
              SearchRequest(
                collection: collection, queries: batch, limit: limit, filter: filter, mode: mode,
                method: method, rerank: rerank)))
          for (query, result) in zip(batch, reply.results) {
            failed += try show(result, of: query)
          }
        }
        if failed > 0 { throw ExitCode.someFailed }
      }
    }
  }

  /// - Returns: 1 if the query failed.
  private func show(_ result: Duri_V1_SearchResult, of query: String) throws -> Int {
    if result.status.code != 0 { report("duri: a query failed: \(result.status.message)") }
    switch format {
    case .jsonl: print(try SearchLine(query: query, result: result).json)
    case .text:
      print("\n\(query)")
      for (place, hit) in result.hits.enumerated() {
        let title = hit.document.title.isEmpty ? hit.id : "\(hit.document.title)  [\(hit.id)]"
        print("\(place + 1)".leftPadded(4) + String(format: "  %.4f  ", hit.score) + title)
        let text = hit.document.text.split(whereSeparator: \.isNewline).joined(separator: " ")
        if !text.isEmpty { print("              " + excerpt(text)) }
      }
      if result.status.code == 0, result.hits.isEmpty { print("   no document found") }
    }
    return result.status.code == 0 ? 0 : 1
  }

  private func excerpt(_ text: String) -> String {
    text.count > 100 ? text.prefix(99) + "…" : text
  }
}

/// One query's hits as a JSON line.
private struct SearchLine: Encodable {
  struct Hit: Encodable {
    var id: String
    var score: Float
    var vector_rank: UInt32
    var text_rank: UInt32
    var rerank_score: Float?
    var title: String
  }
  var query: String
  var error: String?
  var hits: [Hit]

  init(query: String, result: Duri_V1_SearchResult) {
    self.query = query
    error = result.status.code == 0 ? nil : result.status.message
    hits = result.hits.map {
      Hit(
        id: $0.id, score: $0.score, vector_rank: $0.vectorRank, text_rank: $0.textRank,
        rerank_score: $0.hasRerankScore ? $0.rerankScore : nil, title: $0.document.title)
    }
  }

  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}

extension String {
  func leftPadded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
