import ArgumentParser
import DemoCorpus
import DuriClient
import Foundation
import GRPCTransport
import Retrieval
import WireFormats

struct IndexCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "index",
    abstract: "Put documents into a collection, embedding them on the way.",
    discussion: """
      Examples:
        duri index --collection notes ~/notes            every .txt, .md and .jsonl below a folder
        duri index --collection wiki corpus.jsonl        one JSON document a line
        duri export --collection wiki | duri index --collection copy -
        duri index --collection demo --demo              the articles that come with the program

      .jsonl: {"_id": "…", "title": "…", "text": "…", "metadata": {"lang": "ko"}} a line; title and
      metadata may be missing; a "vector" of an export is taken over. Text files are cut into
      passages at paragraphs; their ids are the file's name and the passage's number.
      A document whose id is there already is replaced, so an interrupted run can be repeated.
      """)

  @OptionGroup var options: RetrievalOptions

  @Option(name: .shortAndLong, help: "Name of the collection; made if it does not exist.")
  var collection: String

  @Option(help: ArgumentHelp("Characters of a passage of a text file.", valueName: "n"))
  var passageLength = PassageSplitter().limit

  @Flag(help: "The demo corpus: 312 articles, each in Korean and English.")
  var demo = false

  @Argument(help: ArgumentHelp("Files, folders, or - for JSON lines on stdin.", valueName: "file|folder|-"))
  var inputs: [String] = []

  func validate() throws {
    guard demo || !inputs.isEmpty else {
      throw ValidationError("name files or folders, or - for standard input")
    }
    guard (50...100_000).contains(passageLength) else {
      throw ValidationError("--passage-length is \(passageLength); 50 to 100000 make sense")
    }
  }

  func run() async throws {
    try await reportingErrors {
      let source = DocumentSource(
        arguments: try demo ? inputs + [Self.demoCorpus()] : inputs,
        splitter: PassageSplitter(limit: passageLength))
      try await options.withClient { client in
        try await Indexing(client: client, collection: collection, source: source).run()
      }
    }
  }

  private static func demoCorpus() throws -> String {
    guard let directory = DemoCorpus.directory() else {
      throw CommandError(
        "the demo corpus is not beside the program; name its directory in \(DemoCorpus.variable)")
    }
    return directory + "/corpus.jsonl"
  }
}

/// Sends documents and counts their acknowledgements.
struct Indexing {
  let client: RetrievalClient
  let collection: String
  let source: DocumentSource

  /// Documents a message; their text is bounded too, because a message may hold 4 MiB.
  private static let chunkSize = 64
  private static let chunkBytes = 1 << 20

  func run() async throws {
    let contract = try await existingOrNew().contract
    let stream = try await client.upsertStream()
    let faults = try await withThrowingTaskGroup(of: Faults?.self) { group in
      group.addTask { try await send(to: stream, contract: contract) }
      group.addTask {
        try await receive(from: stream)
        return nil
      }
      var faults = Faults()
      while let result = try await group.next() {
        if let result { faults = result }
      }
      return faults
    }
    if faults.count > 0 {
      report("duri: \(faults.count) lines are not documents; the first: \(faults.first)")
      throw ExitCode.someFailed
    }
  }

  private struct Faults {
    var count = 0
    var first = ""
  }

  private func existingOrNew() async throws -> Duri_V1_Collection {
    do throws(GRPCError) {
      return try await client.collection(collection)
    } catch {
      guard error.code == .notFound else { throw error }
    }
    var request = Duri_V1_CreateCollectionRequest()
    request.name = collection
    return try await client.createCollection(request)
  }

  private func send(
    to stream: UpsertClientStream, contract: Duri_V1_CollectionContract
  ) async throws -> Faults {
    var faults = Faults()
    var request = Duri_V1_UpsertRequest()
    request.collection = collection
    var bytes = 0
    var items = source.makeIterator()
    while let item = try items.next() {
      switch item {
      case .fault(let message):
        if faults.count == 0 { faults.first = message }
        faults.count += 1
      case .document(let line):
        request.documents.append(upsert(line, contract: contract))
        bytes += line.document.text.utf8.count + (line.vector?.count ?? 0) * 4
        if request.documents.count >= Self.chunkSize || bytes >= Self.chunkBytes {
          try await stream.send(request)
          request.documents.removeAll(keepingCapacity: true)
          bytes = 0
        }
      }
    }
    if !request.documents.isEmpty { try await stream.send(request) }
    stream.finishSending()
    return faults
  }

  private func upsert(
    _ line: DocumentLine, contract: Duri_V1_CollectionContract
  ) -> Duri_V1_UpsertDocument {
    var upsert = Duri_V1_UpsertDocument()
    upsert.document = Duri_V1_Document(line.document)
    if let vector = line.vector {
      upsert.vector.values = vector
      upsert.vector.model = contract.model
      upsert.vector.fingerprint = contract.fingerprint
      upsert.vector.prefix = contract.passagePrefix
    }
    return upsert
  }

  private func receive(from stream: UpsertClientStream) async throws {
    var progress = Progress(unit: "documents")
    var inserted: UInt64 = 0, replaced: UInt64 = 0, truncated: UInt64 = 0, failed = 0
    var firstFailure = ""
    while let reply = try await stream.next() {
      inserted += reply.inserted
      replaced += reply.replaced
      truncated += reply.truncated
      if failed == 0, let failure = reply.failures.first {
        firstFailure = "'\(failure.id)': \(failure.status.message)"
      }
      failed += reply.failures.count
      progress.update(done: Int(reply.settled))
    }
    progress.finish(done: Int(inserted + replaced) + failed)
    report("duri: \(inserted) documents added, \(replaced) replaced in '\(collection)'")
    if truncated > 0 {
      report(
        "duri: \(truncated) documents are longer than the model reads; only their beginning can be found by "
          + "meaning. Cut them into passages")
    }
    if failed > 0 {
      report("duri: \(failed) documents failed; the first: \(firstFailure)")
      throw ExitCode.someFailed
    }
  }
}
