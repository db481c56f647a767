import Duri
import Service
import WireFormats

/// Embeds in this process, in order, a few chunks at a time so that the workers never wait for the output.
struct LocalEmbedding {
  let model: EmbeddingModel
  let options: TextOptions

  private static let chunkSize = 512
  private static let chunksInFlight = 3

  func embed(_ source: TextSource, into run: inout EmbedRun) async throws {
    var texts = source.makeIterator()
    try await withThrowingTaskGroup(of: (Int, [EmbeddingService.Outcome]).self) { group in
      var begun = 0
      var written = 0
      var early: [Int: [EmbeddingService.Outcome]] = [:]
      while true {
        while begun - written < Self.chunksInFlight {
          let chunk = texts.next(Self.chunkSize)
          if chunk.isEmpty { break }
          let number = begun
          begun += 1
          group.addTask { (number, try await embed(chunk)) }
        }
        if let failure = texts.failure { throw failure }
        guard let (number, outcomes) = try await group.next() else { break }
        early[number] = outcomes
        while let next = early.removeValue(forKey: written) {
          for outcome in next { try run.write(result(outcome)) }
          written += 1
        }
      }
    }
  }

  private func embed(_ chunk: [String]) async throws -> [EmbeddingService.Outcome] {
    try await model.embed(
      chunk, as: options.role, instruction: options.instruction, options: options.embedOptions)
  }

  private func result(_ outcome: EmbeddingService.Outcome) -> EmbedResult {
    switch outcome {
    case .failure(let error):
      return .failure(TextFailure(code: UInt32(error.code.rawValue), message: error.message))
    case .success(let embedded):
      guard case .float32(let vector) = embedded.vector.storage else {
        return .failure(TextFailure(code: 13, message: "the vector has the wrong encoding"))
      }
      return .success(
        TextVector(vector: vector, receipt: Duri_V1_Receipt(embedded.receipt)))
    }
  }
}
