import ArgumentParser
import Foundation
import ModelFiles
import Tokenization

struct TokenizeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenize",
    abstract: "Show the tokens a model sees.",
    discussion: """
      Examples:
        duri tokenize "오늘 날씨 어때?"
        duri tokenize --role query --json questions.txt

      One line a token: its id, its UTF-8 byte range in the text, the piece. With --json one
      object a text: ids, ranges, pieces and the receipt's numbers.
      """)

  @Option(help: ArgumentHelp("A model folder or a built-in model's name.", valueName: "ref"))
  var model = BuiltInModels.defaultName

  @Option(help: "Side of a search: query, passage, symmetric, or raw for no prefix.")
  var role = Role.raw

  @Option(help: ArgumentHelp("Task description, for instruct models.", valueName: "task"))
  var instruction: String?

  @Option(help: "Texts over the length limit: cut the end, cut the start, or error.")
  var truncate = Truncation.end

  @Flag(help: "One JSON object a text.")
  var json = false

  @Argument(help: ArgumentHelp("Texts, files with one text a line, or -.", valueName: "text|file|-"))
  var inputs: [String]

  func run() async throws {
    try await reportingErrors {
      let folder = try ModelFolder.open(path: try BuiltInModels.resolve(model))
      let tokenizer = try TokenizerLoader.load(folder.tokenizer)
      let prefix = try folder.contract.prompts.prefix(for: role, instruction: instruction)
      var texts = TextSource(arguments: inputs).makeIterator()
      var index = 0
      var failed = 0
      while let text = texts.next() {
        do {
          let prepared = try tokenizer.prepare(
            text, prefix: prefix, maximumTokens: folder.contract.maximumTokens,
            truncation: truncate)
          print(json ? object(prepared, index, tokenizer) : table(prepared, tokenizer))
        } catch {
          failed += 1
          let message = "\(error)"
          print(
            json
              ? "{\"index\":\(index),\"error\":{\"message\":\(quoted(message))}}"
              : "text \(index): \(message)")
        }
        index += 1
      }
      if let failure = texts.failure { throw failure }
      if failed > 0 { throw ExitCode.someFailed }
    }
  }

  private func table(_ text: PreparedText, _ tokenizer: any Tokenizer) -> String {
    let lines = zip(text.ids, text.ranges).map { id, range in
      "\(id)\t\(range.lowerBound)-\(range.upperBound)\t\(tokenizer.pieceText(id) ?? "?")"
    }
    let receipt = text.receipt
    let cut = receipt.truncated ? ", bytes \(receipt.kept.lowerBound)-\(receipt.kept.upperBound) kept" : ""
    return lines.joined(separator: "\n") + "\n\(receipt.tokensUsed) of \(receipt.tokens) tokens\(cut)\n"
  }

  private func object(_ text: PreparedText, _ index: Int, _ tokenizer: any Tokenizer) -> String {
    let ids = text.ids.map { "\($0)" }.joined(separator: ",")
    let ranges = text.ranges.map { "[\($0.lowerBound),\($0.upperBound)]" }.joined(separator: ",")
    let pieces = text.ids.map { quoted(tokenizer.pieceText($0) ?? "") }.joined(separator: ",")
    let receipt = text.receipt
    return "{\"index\":\(index),\"ids\":[\(ids)],\"ranges\":[\(ranges)],\"pieces\":[\(pieces)],"
      + "\"tokens\":\(receipt.tokens),\"tokens_used\":\(receipt.tokensUsed),"
      + "\"truncated\":\(receipt.truncated),\"kept\":[\(receipt.kept.lowerBound),\(receipt.kept.upperBound)],"
      + "\"normalization_changed\":\(receipt.normalizationChanged),"
      + "\"unknown_pieces\":\(receipt.unknownPieces)}"
  }
}
