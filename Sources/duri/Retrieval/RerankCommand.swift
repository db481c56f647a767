import ArgumentParser
import Duri
import DuriClient
import Foundation
import Service
import WireFormats

struct RerankCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rerank",
    abstract: "Score passages against a query with a cross-encoder, best first.",
    discussion: """
      Examples:
        duri rerank --model ./my-cross-encoder --query "김장은 언제 하나?" passages.txt
        duri rerank --server 127.0.0.1:50051 --query "refund" "We pay back …" "Opening hours …"

      Writes one line a passage: score, place in the input (from 1), text.
      """)

  @Option(help: ArgumentHelp("Cross-encoder: a folder in Hugging Face layout, or a built-in name.", valueName: "ref"))
  var model: String?

  @Option(help: ArgumentHelp("Use this server's cross-encoder instead.", valueName: "host:port"))
  var server: Address?

  @Option(help: "Arithmetic, without --server.")
  var precision = PrecisionChoice.f32

  @Option(help: "What the passages are scored against.")
  var query: String

  @Flag(help: "The model's raw logits instead of scores from 0 to 1.")
  var raw = false

  @Option(help: ArgumentHelp("Only the best of them.", valueName: "n"))
  var top: Int?

  @Argument(help: ArgumentHelp("Passages, files with one passage a line, or -.", valueName: "text|file|-"))
  var passages: [String]

  func validate() throws {
    guard (model == nil) != (server == nil) else {
      throw ValidationError("give either --model or --server")
    }
    if let top, top < 1 { throw ValidationError("--top is \(top); at least 1 makes sense") }
  }

  func run() async throws {
    try await reportingErrors {
      var source = TextSource(arguments: passages).makeIterator()
      let texts = source.next(.max)
      if let failure = source.failure { throw failure }
      let scored = try await server == nil ? local(texts) : remote(texts)
      var failed = 0
      for (index, score) in scored {
        switch score {
        case .success(let value): print(String(format: "%.6f\t%d\t", value, index + 1) + texts[index])
        case .failure(let failure):
          failed += 1
          report("duri: passage \(index + 1): \(failure.message)")
        }
      }
      if failed > 0 { throw ExitCode.someFailed }
    }
  }

  private typealias Score = (Int, Result<Float, TextFailure>)

  private func local(_ texts: [String]) async throws -> [Score] {
    let model = try RerankingModel.load(model ?? "", precision: precision.resolved)
    let reply = try await model.rerank(
      query, texts, settings: RerankSettings(rawScores: raw, top: top))
    await model.shutdown()
    return reply.items.map { item in
      (
        item.index,
        item.outcome.map(\.score).mapError {
          TextFailure(code: UInt32($0.code.rawValue), message: $0.message)
        }
      )
    }
  }

  private func remote(_ texts: [String]) async throws -> [Score] {
    guard let server else { return [] }
    let client = try await RetrievalClient.connect(host: server.host, port: server.port)
    var request = Duri_V1_RerankRequest()
    request.query = query
    request.passages = texts
    request.rawScores = raw
    request.top = UInt32(clamping: top ?? 0)
    let reply = try await client.rerank(request)
    await client.close()
    return reply.items.compactMap { item in
      let index = Int(item.index)
      guard texts.indices.contains(index) else { return nil }
      guard item.status.code == 0 else {
        return (index, .failure(TextFailure(code: item.status.code, message: item.status.message)))
      }
      return (index, .success(item.score))
    }
  }
}
