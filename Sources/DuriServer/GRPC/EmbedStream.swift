import GRPCTransport
import Service
import WireFormats

/// One `EmbedStream` call: a reader that admits texts, a writer that sends what is ready, and a window between them.
///
/// Texts count against the window from being read until their result has been taken by the client, so a client that
/// stops reading stops the reader, HTTP/2 flow control stops the client, and memory stays bounded. A message counts
/// against the server's bound on request bytes as long as a text of it waits or is being embedded.
struct EmbedStream {
  let call: ServerCall
  let embeddings: EmbeddingService
  let plan: EmbedPlan
  let results: StreamResults
  let window: StreamWindow

  /// Texts embedded by one task; small enough that results flow while a large message is still being admitted.
  private static let chunkSize = 32
  /// Longest client id, UTF-8 bytes: ids are echoed, so they must not swell responses.
  private static let maximumIDBytes = 1_024
  /// Bytes of text that weigh as much in the window as one more text.
  private static let bytesPerUnit = 4_096

  init(call: ServerCall, embeddings: EmbeddingService, plan: EmbedPlan, ordered: Bool) {
    self.call = call
    self.embeddings = embeddings
    self.plan = plan
    results = StreamResults(ordered: ordered)
    window = StreamWindow(capacity: embeddings.limits.streamWindow)
  }

  func run(startingWith opening: Duri_V1_EmbedStreamRequest) async throws {
    // A parameter lives as long as its call, so the first message is in memory until the stream ends.
    let kept = call.keepLastMessage()
    defer { withExtendedLifetime(kept) {} }
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await read(startingWith: opening) }
      group.addTask { try await write() }
      // Either side's failure cancels the other.
      while try await group.next() != nil {}
    }
  }

  private func read(startingWith opening: Duri_V1_EmbedStreamRequest) async throws {
    try await withThrowingDiscardingTaskGroup { group in
      var request = opening
      var index: UInt64 = 0
      while true {
        try check(request)
        do {
          let kept = call.keepLastMessage()
          var texts = request.texts[...]
          while !texts.isEmpty {
            let (chunk, weights) = nextChunk(of: &texts)
            try await window.acquire(weights.reduce(0, +))
            let first = index
            group.addTask {
              defer { withExtendedLifetime(kept) {} }
              try await embed(chunk, weights: weights, firstIndex: first)
            }
            index += UInt64(chunk.count)
          }
        }
        // Asking for the next message ends the count of this one, so it must not stay in memory meanwhile.
        request = Duri_V1_EmbedStreamRequest()
        // A reader that always finds a next message would never let go of its thread.
        await Task.yield()
        guard let next = try await call.nextMessage() else { return }
        request = try EmbeddingsRoutes.decodeStreamRequest(next, limits: embeddings.limits)
        guard !request.hasSettings else {
          throw GRPCError(.invalidArgument, "settings may stand on a stream's first message only")
        }
      }
    }
    results.finish()
  }

  private func check(_ request: Duri_V1_EmbedStreamRequest) throws(GRPCError) {
    for text in request.texts where text.id.utf8.count > Self.maximumIDBytes {
      throw GRPCError(
        .invalidArgument,
        "a text's id has \(text.id.utf8.count) bytes; the limit is \(Self.maximumIDBytes)")
    }
  }

  /// The texts to embed next, with their shares of the window: together no more than all of it.
  private func nextChunk(
    of texts: inout ArraySlice<Duri_V1_StreamText>
  ) -> (texts: [Duri_V1_StreamText], weights: [Int]) {
    var weights: [Int] = []
    var total = 0
    for text in texts.prefix(Self.chunkSize) {
      let weight = min(1 + text.text.utf8.count / Self.bytesPerUnit, window.capacity)
      guard weights.isEmpty || total + weight <= window.capacity else { break }
      weights.append(weight)
      total += weight
    }
    defer { texts = texts.dropFirst(weights.count) }
    return (Array(texts.prefix(weights.count)), weights)
  }

  private func embed(
    _ chunk: [Duri_V1_StreamText], weights: [Int], firstIndex: UInt64
  ) async throws(GRPCError) {
    try await asStatus { () async throws(ServiceError) in
      try await embeddings.embed(
        chunk.map(\.text), plan: plan, deadline: call.deadline, admission: .waiting
      ) { [results] offset, outcome in
        let item = Duri_V1_StreamItem(
          id: chunk[offset].id, index: firstIndex + UInt64(offset), outcome: outcome)
        results.add(item, weight: weights[offset])
      }
    }
  }

  private func write() async throws {
    while let (items, weight) = try await results.next() {
      var response = Duri_V1_EmbedStreamResponse()
      response.items = items
      try await call.send(try encode(response))
      window.release(weight)
    }
  }
}
