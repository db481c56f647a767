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
      metadata may be missing; the vectors of an export are taken over by a collection of the same
      model and prefix, by no other. Text files are cut into
      passages at paragraphs; their ids are the file's name (its path, where several files or folders
      are named) and the passage's number.
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

  /// Documents a message, and its bytes: what a server takes at once, less what frames a document.
  private static let chunkSize = 64
  private static let chunkBytes = 1 << 20
  private static let messageBytes = (4 << 20) - 1_024

  func run() async throws {
    try await makeIfMissing()
    let stream = try await client.upsertStream()
    let faults = try await withThrowingTaskGroup(of: Faults.self) { group in
      group.addTask { try await send(to: stream) }
      group.addTask { try await receive(from: stream) }
      return try await group.reduce(into: Faults()) { $0.add($1) }
    }
    if faults.lines > 0 {
      report("duri: \(faults.lines) lines are not documents; the first: \(faults.firstLine)")
    }
    if faults.documents > 0 {
      report("duri: \(faults.documents) documents failed; the first: \(faults.firstDocument)")
    }
    if faults.lines + faults.documents > 0 { throw ExitCode.someFailed }
  }

  /// What was not sent, and what was not stored.
  private struct Faults {
    var lines = 0
    var firstLine = ""
    var documents = 0
    var firstDocument = ""

    mutating func add(line message: String) {
      if lines == 0 { firstLine = message }
      lines += 1
    }

    mutating func add(_ other: Faults) {
      if lines == 0 { firstLine = other.firstLine }
      if documents == 0 { firstDocument = other.firstDocument }
      lines += other.lines
      documents += other.documents
    }
  }

  private func makeIfMissing() async throws {
    do throws(GRPCError) {
      _ = try await client.collection(collection)
    } catch {
      guard error.code == .notFound else { throw error }
      var request = Duri_V1_CreateCollectionRequest()
      request.name = collection
      _ = try await client.createCollection(request)
    }
  }

  private func send(to stream: UpsertClientStream) async throws -> Faults {
    var faults = Faults()
    var request = Duri_V1_UpsertRequest()
    request.collection = collection
    var bytes = 0
    var items = source.makeIterator()
    while let item = try items.next() {
      switch item {
      case .fault(let message): faults.add(line: message)
      case .document(let line):
        let document = upsert(line)
        let size = try document.serializedData().count
        guard size <= Self.messageBytes else {
          faults.add(
            line: "'\(line.document.id)' has \(size) bytes; a message takes \(Self.messageBytes): split it")
          continue
        }
        if request.documents.count >= Self.chunkSize || bytes + size > Self.chunkBytes,
          !request.documents.isEmpty
        {
          try await stream.send(request)
          request.documents.removeAll(keepingCapacity: true)
          bytes = 0
        }
        request.documents.append(document)
        bytes += size
      }
    }
    if !request.documents.isEmpty { try await stream.send(request) }
    stream.finishSending()
    return faults
  }

  private func upsert(_ line: DocumentLine) -> Duri_V1_UpsertDocument {
    var upsert = Duri_V1_UpsertDocument()
    upsert.document = Duri_V1_Document(line.document)
    if let vector = line.vector { upsert.vector = Duri_V1_DocumentVector(vector) }
    return upsert
  }

  private func receive(from stream: UpsertClientStream) async throws -> Faults {
    var progress = Progress(unit: "documents")
    var inserted: UInt64 = 0, replaced: UInt64 = 0, truncated: UInt64 = 0
    var faults = Faults()
    while let reply = try await stream.next() {
      inserted += reply.inserted
      replaced += reply.replaced
      truncated += reply.truncated
      if faults.documents == 0, let failure = reply.failures.first {
        faults.firstDocument = "'\(failure.id)': \(failure.status.message)"
      }
      faults.documents += reply.failures.count
      progress.update(done: Int(reply.settled))
    }
    progress.finish(done: Int(inserted + replaced) + faults.documents)
    report("duri: \(inserted) documents added, \(replaced) replaced in '\(collection)'")
    if truncated > 0 {
      report(
        "duri: \(truncated) documents are longer than the model reads; only their beginning can be found by "
          + "meaning. Cut them into passages")
    }
    return faults
  }
}
