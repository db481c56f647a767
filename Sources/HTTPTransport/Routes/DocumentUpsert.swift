import HummingbirdCore
import NIOCore
import Retrieval
import Service
import WireFormats

/// One streamed upsert: embeds several chunks of documents at a time and stores them in the order they
/// came, so that of two documents of one id the later one stays.
///
/// One loop takes events from a task group: lines read, or a chunk embedded. The next piece of the body is
/// read only when every document of the last one is being embedded, so TCP stops a client that is too fast;
/// and a client that does not read its answer stops the loop.
struct DocumentUpsert: Sendable {
  let call: HTTPCall
  let retrieval: RetrievalService
  let collection: String
  let contract: CollectionContract
  let maximumLineBytes: Int

  /// Documents embedded by one task and stored by one transaction.
  private static let chunkSize = 128
  /// Chunks in work at once: enough for the engine never to wait for the store.
  private static let chunksInWork = 4

  private enum Event: Sendable {
    case lines([DocumentLines.Line]?)
    case embedded(Embedded)
    case left
  }

  /// A chunk with its vectors.
  private struct Embedded: Sendable {
    var number: Int
    /// Lines of the chunk, those that are no documents included.
    var size: Int
    var batch: EmbeddedBatch
    /// Place in the chunk of each document that was embedded.
    var places: [Int]
    var malformed: [DocumentFailure]
  }

  func run(writer: inout any ResponseBodyWriter) async throws {
    let lines = DocumentLines(call.request.body, maximumLineBytes: maximumLineBytes)
    try await withThrowingTaskGroup(of: Event.self) { group in
      defer { group.cancelAll() }
      group.addTask {
        await call.connection.left()
        return .left
      }
      var waiting: [ArraySlice<DocumentLines.Line>] = []
      var early: [Int: Embedded] = [:]
      var started = 0, stored = 0, settled = 0, inWork = 0
      var isReading = false, hasEnded = false
      while true {
        while inWork < Self.chunksInWork, !waiting.isEmpty {
          let chunk = waiting.removeFirst(), number = started
          group.addTask { .embedded(try await embed(chunk, number: number)) }
          started += 1
          inWork += 1
        }
        if !isReading, !hasEnded, waiting.isEmpty {
          isReading = true
          group.addTask { .lines(try await lines.next()) }
        }
        if hasEnded, inWork == 0, waiting.isEmpty { return }
        switch try await group.next() {
        case nil: return
        case .left: throw ClientLeft()
        case .lines(let read):
          isReading = false
          hasEnded = read == nil
          var rest = (read ?? [])[...]
          while !rest.isEmpty {
            waiting.append(rest.prefix(Self.chunkSize))
            rest = rest.dropFirst(Self.chunkSize)
          }
        case .embedded(let chunk):
          inWork -= 1
          early[chunk.number] = chunk
          while let next = early.removeValue(forKey: stored) {
            stored += 1
            let report = try await retrieval.store(
              next.batch, into: collection, contract: contract)
            var json = JSONWriter()
            json.upsertReport(
              report, failures: failures(report, of: next, offset: settled),
              settled: settled + next.size)
            json.endLine()
            settled += next.size
            try await writer.write(ByteBuffer(bytes: json.bytes))
          }
        }
      }
    }
  }

  private func embed(
    _ lines: ArraySlice<DocumentLines.Line>, number: Int
  ) async throws(ServiceError) -> Embedded {
    var documents: [IncomingDocument] = []
    var places: [Int] = []
    var malformed: [DocumentFailure] = []
    for (place, line) in lines.enumerated() {
      switch line {
      case .success(let document):
        documents.append(document)
        places.append(place)
      case .failure(let error):
        malformed.append(DocumentFailure(index: place, id: "", error: error))
      }
    }
    let batch = try await retrieval.embed(
      documents, for: contract, deadline: call.deadline, admission: .waiting)
    return Embedded(
      number: number, size: lines.count, batch: batch, places: places, malformed: malformed)
  }

  /// What was not stored, by its line in the stream.
  ///
  /// - Parameter offset: lines of the stream before the chunk.
  private func failures(
    _ report: UpsertReport, of chunk: Embedded, offset: Int
  ) -> [DocumentFailure] {
    let refused = report.failures.map { failure in
      var failure = DocumentFailure(failure)
      if chunk.places.indices.contains(failure.index) {
        failure.index = chunk.places[failure.index]
      }
      return failure
    }
    return (refused + chunk.malformed).sorted { $0.index < $1.index }.map { failure in
      var failure = failure
      failure.index += offset
      return failure
    }
  }
}
