import ArgumentParser
import DuriClient
import Foundation
import Retrieval
import WireFormats

struct ExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write a collection's documents as JSON lines, in the order of their ids.",
    discussion: """
      Examples:
        duri export -c wiki > wiki.jsonl
        duri export -c wiki --vectors --filter 'lang == "ko"' --output ko.jsonl
      `duri index` reads the lines back; with --vectors nothing has to be embedded again. A vector is written with the
      model that made it, and only a collection of that model takes it.
      """)

  @OptionGroup var options: RetrievalOptions

  @Option(name: .shortAndLong, help: "Name of the collection.")
  var collection: String

  @Option(help: ArgumentHelp("Only documents whose metadata fulfil this.", valueName: "condition"))
  var filter = ""

  @Flag(help: "With the vectors.")
  var vectors = false

  @Option(name: .shortAndLong, help: ArgumentHelp("Write here (default: stdout).", valueName: "file"))
  var output: String?

  func run() async throws {
    try await reportingErrors {
      let file = try outputFile(output)
      try await options.withClient { client in
        var request = Duri_V1_ExportRequest()
        request.collection = collection
        request.filter = filter
        request.vectors = vectors
        let stream = try await client.export(request)
        var progress = Progress(unit: "documents")
        var done = 0
        while let documents = try await stream.next() {
          var lines = Data()
          for stored in documents {
            let line = DocumentLine(
              document: try Document(stored.document),
              vector: stored.hasVector ? ForeignVector(stored.vector) : nil)
            lines += try line.json + Data("\n".utf8)
          }
          try file.write(contentsOf: lines)
          done += documents.count
          progress.update(done: done)
        }
        progress.finish(done: done)
      }
    }
  }
}
