import ArgumentParser
import DuriClient
import WireFormats

struct CollectionsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "collections",
    abstract: "List collections, or remove one.",
    discussion: """
      Examples:
        duri collections
        duri collections --drop notes
      """)

  @OptionGroup var options: RetrievalOptions

  @Option(help: ArgumentHelp("Remove this collection and all its documents.", valueName: "name"))
  var drop: String?

  func run() async throws {
    try await reportingErrors {
      try await options.withClient { client in
        if let drop { try await client.dropCollection(drop) }
        for collection in try await client.collections() {
          let contract = collection.contract
          print(
            "\(collection.name)  \(collection.count) documents, \(contract.dimension) dimensions, "
              + "\(contract.model) (\(contract.fingerprint))")
        }
      }
    }
  }
}
