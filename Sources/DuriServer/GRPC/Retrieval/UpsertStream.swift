import GRPCTransport
import Retrieval
import Service
import WireFormats

/// One `UpsertStream` call: embeds several chunks of documents at a time and stores them in the order they came, so
/// that of two documents of one id the later one stays.
///
/// One loop takes events from a task group: a message read, or a chunk embedded. The next message is read only when
/// every document of the last one is being embedded, so HTTP/2 flow control stops a client that is too fast.
struct UpsertStream {
  let call: ServerCall
  let retrieval: RetrievalService
  let collection: String
  let contract: CollectionContract

  /// Documents embedded by one task and stored by one transaction.
  private static let chunkSize = 128
  /// Chunks in work at once: enough for the engine never to wait for the store.
  private static let chunksInWork = 4

  private enum Event: Sendable {
    case message(Duri_V1_UpsertRequest?)
    case embedded(chunk: Int, EmbeddedBatch)
  }

  func run(startingWith first: Duri_V1_UpsertRequest) async throws {
    try await withThrowingTaskGroup(of: Event.self) { group in
      var progress = Progress()
      var isReading = false
      var hasEnded = false
      try take(first, &progress)
      while true {
        while progress.inWork < Self.chunksInWork, let (number, documents) = progress.start() {
          group.addTask { try await embed(documents, chunk: number) }
        }
        if !isReading, !hasEnded, progress.waiting.isEmpty {
          isReading = true
          group.addTask { .message(try await nextRequest()) }
        }
        guard let event = try await group.next() else { return }
        switch event {
        case .message(let request):
          isReading = false
          if let request { try take(request, &progress) } else { hasEnded = true }
        case .embedded(let chunk, let batch):
          progress.finish(chunk, batch)
          while let (batch, size) = progress.nextInOrder() {
            try await store(batch, size: size, &progress)
          }
        }
      }
    }
  }

  /// What of the stream is where.
  private struct Progress {
    var waiting: [ArraySlice<IncomingDocument>] = []
    var inWork = 0
    private var started = 0
    private var sizes: [Int: Int] = [:]
    private var embedded: [Int: EmbeddedBatch] = [:]
    private var next = 0
    /// Documents of the stream stored or failed so far.
    var settled = 0

    mutating func start() -> (chunk: Int, documents: ArraySlice<IncomingDocument>)? {
      guard !waiting.isEmpty else { return nil }
      let documents = waiting.removeFirst()
      defer { started += 1 }
      inWork += 1
      sizes[started] = documents.count
      return (started, documents)
    }

    mutating func finish(_ chunk: Int, _ batch: EmbeddedBatch) {
      inWork -= 1
      embedded[chunk] = batch
    }

    mutating func nextInOrder() -> (batch: EmbeddedBatch, size: Int)? {
      guard let batch = embedded.removeValue(forKey: next), let size = sizes.removeValue(forKey: next)
      else { return nil }
      next += 1
      return (batch, size)
    }
  }

  private func take(
    _ request: Duri_V1_UpsertRequest, _ progress: inout Progress
  ) throws(GRPCError) {
    guard request.collection.isEmpty || request.collection == collection else {
      throw GRPCError(.invalidArgument, "a stream fills one collection, named on its first message")
    }
    var documents: [IncomingDocument] = []
    documents.reserveCapacity(request.documents.count)
    for document in request.documents {
      do {
        documents.append(try IncomingDocument(document))
      } catch {
        throw GRPCError(error)
      }
    }
    var rest = documents[...]
    while !rest.isEmpty {
      progress.waiting.append(rest.prefix(Self.chunkSize))
      rest = rest.dropFirst(Self.chunkSize)
    }
  }

  private func nextRequest() async throws(GRPCError) -> Duri_V1_UpsertRequest? {
    guard let body = try await call.nextMessage() else { return nil }
    return try RetrievalRoutes.decodeUpsert(body, limits: retrieval.limits)
  }

  private func embed(
    _ documents: ArraySlice<IncomingDocument>, chunk: Int
  ) async throws(GRPCError) -> Event {
    try await asStatus { () async throws(ServiceError) in
      .embedded(
        chunk: chunk,
        try await retrieval.embed(
          Array(documents), for: contract, deadline: call.deadline, admission: .waiting))
    }
  }

  private func store(
    _ batch: EmbeddedBatch, size: Int, _ progress: inout Progress
  ) async throws {
    let report = try await asStatus { () async throws(ServiceError) in
      try await retrieval.store(batch, into: collection, contract: contract)
    }
    let offset = progress.settled
    progress.settled += size
    try await call.send(
      try encode(Duri_V1_UpsertResponse(report, offset: offset, settled: progress.settled)))
  }
}
