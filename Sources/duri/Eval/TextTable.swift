import Duri
import ModelFiles
import Retrieval
import Service

/// Embeds whole lists of texts for an evaluation; every text has to succeed.
struct TextTable {
  let model: EmbeddingModel
  let instruction: String?
  /// Texts embedded so far, and those of them that were cut.
  private(set) var texts = 0
  private(set) var truncated = 0

  private static let chunkSize = 512
  private static let chunksInFlight = 3

  init(model: EmbeddingModel, instruction: String?) {
    self.model = model
    self.instruction = instruction
  }

  /// Vectors of length 1 under their ids.
  ///
  /// - Parameter what: the texts' name in messages, such as "query".
  mutating func embed(
    _ items: [(id: String, text: String)], as role: Role, what: String
  ) async throws -> VectorTable {
    let dimension = model.contract.dimension
    var values = [Float](repeating: 0, count: items.count * dimension)
    var progress = Progress()
    var done = 0
    let chunks = stride(from: 0, to: items.count, by: Self.chunkSize).map {
      $0..<min($0 + Self.chunkSize, items.count)
    }
    try await withThrowingTaskGroup(of: (Range<Int>, [EmbeddingService.Outcome]).self) { group in
      var waiting = chunks[...]
      for _ in 0..<Self.chunksInFlight { start(waiting.popFirst(), of: items, role, in: &group) }
      while let (range, outcomes) = try await group.next() {
        start(waiting.popFirst(), of: items, role, in: &group)
        for (index, outcome) in zip(range, outcomes) {
          try store(
            outcome, in: &values[index * dimension..<(index + 1) * dimension],
            name: "\(what) \(index + 1)")
        }
        done += range.count
        progress.update(done: done)
      }
    }
    progress.finish(done: done)
    texts += items.count
    return VectorTable(ids: items.map(\.id), values: values, dimension: dimension)
  }

  private func start(
    _ chunk: Range<Int>?, of items: [(id: String, text: String)], _ role: Role,
    in group: inout ThrowingTaskGroup<(Range<Int>, [EmbeddingService.Outcome]), any Error>
  ) {
    guard let chunk else { return }
    let texts = items[chunk].map(\.text)
    let model = model, instruction = role == .passage ? nil : instruction
    group.addTask {
      let outcomes = try await model.embed(
        texts, as: role, instruction: instruction, options: EmbedOptions(normalize: true))
      return (chunk, outcomes)
    }
  }

  private mutating func store(
    _ outcome: EmbeddingService.Outcome, in row: inout ArraySlice<Float>, name: String
  ) throws {
    switch outcome {
    case .failure(let error): throw CommandError("\(name): \(error.message)")
    case .success(let embedded):
      guard case .float32(let vector) = embedded.vector.storage, vector.count == row.count else {
        throw CommandError("\(name): the vector has the wrong encoding")
      }
      for (place, value) in zip(row.indices, vector) { row[place] = value }
      if embedded.receipt.truncated { truncated += 1 }
    }
  }
}
