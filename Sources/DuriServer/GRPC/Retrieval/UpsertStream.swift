import GRPCTransport
import Retrieval
import Service
import WireFormats

/// One `UpsertStream` call: embeds several chunks of documents at a time and stores them in the order they came, so
/// that of two documents of one id the later one stays.
///
/// One loop takes events from a task group: a message read, or a chunk embedded. The next message is read only when
/// every document of the last one is being embedded, so HTTP/2 flow control stops a client that is too fast. A message
/// counts against the server's bound on request bytes until its last document is stored.
struct UpsertStream {
  let call: ServerCall
  let retrieval: RetrievalService
  let collection: String
  let contract: CollectionContract

  /// Documents embedded by one task and stored by one transaction.
  private static let chunkSize = 128
  /// Chunks in work at once: enough for the engine never to wait for the store.
  private static let chunksInWork = 4
  /// Chunks in work, or embedded and waiting for one before them: one slow chunk must not let all others pile up.
  private static let chunksUnsettled = 8

  private struct Chunk {
    var documents: ArraySlice<IncomingDocument>
    /// Keeps the message counted that they came in.
    var message: HeldMessage?
  }

  private enum Event: Sendable {
    case message(Duri_V1_UpsertRequest?)
    case embedded(chunk: Int, EmbeddedBatch)
  }

  func run(startingWith first: Duri_V1_UpsertRequest) async throws {
    // A parameter lives as long as its call, so the first message is in memory until the stream ends.
    let kept = call.keepLastMessage()
    defer { withExtendedLifetime(kept) {} }
    try await withThrowingTaskGroup(of: Event.self) { group in
      var progress = Progress()
      var isReading = false
      var hasEnded = false
      try take(first, &progress)
      while true {
        while progress.inWork < Self.chunksInWork, progress.unsettled < Self.chunksUnsettled,
          let (number, documents) = progress.start()
        {
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
          while let (batch, size, message) = progress.nextInOrder() {
            defer { withExtendedLifetime(message) {} }
            try await store(batch, size: size, &progress)
          }
        }
      }
    }
  }

  /// What of the stream is where.
  private struct Progress {
    var waiting: [Chunk] = []
    var inWork = 0
    private var started = 0
    /// Chunks started and not stored.
    private var parts: [Int: (size: Int, message: HeldMessage?)] = [:]
    private var embedded: [Int: EmbeddedBatch] = [:]
    private var next = 0
    /// Documents of the stream stored or failed so far.
    var settled = 0

    var unsettled: Int { parts.count }

    mutating func start() -> (chunk: Int, documents: ArraySlice<IncomingDocument>)? {
      guard !waiting.isEmpty else { return nil }
      let chunk = waiting.removeFirst()
      defer { started += 1 }
      inWork += 1
      parts[started] = (chunk.documents.count, chunk.message)
      return (started, chunk.documents)
    }

    mutating func finish(_ chunk: Int, _ batch: EmbeddedBatch) {
      inWork -= 1
      embedded[chunk] = batch
    }

    mutating func nextInOrder() -> (batch: EmbeddedBatch, size: Int, message: HeldMessage?)? {
      guard let batch = embedded.removeValue(forKey: next), let part = parts.removeValue(forKey: next)
      else { return nil }
      next += 1
      return (batch, part.size, part.message)
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
    let message = call.keepLastMessage()
    var rest = documents[...]
    while !rest.isEmpty {
      progress.waiting.append(Chunk(documents: rest.prefix(Self.chunkSize), message: message))
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
