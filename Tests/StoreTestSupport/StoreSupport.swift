import Foundation

import Retrieval

/// A folder that goes when the test ends.
package final class StoreFolder: Sendable {
  package let path: String

  package init() throws {
    path = FileManager.default.temporaryDirectory.appending(path: "duri-store-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// What stores are tested with: a contract, and vectors of length 1 that a seed decides.
package enum StoreSample {
  package static let dimension = 24
  package static let contract = CollectionContract(
    model: "stub", fingerprint: "f00d", passagePrefix: "passage: ", queryPrefix: "query: ",
    dimension: dimension)
  package static let passage = VectorOrigin(model: "stub", fingerprint: "f00d", prefix: "passage: ")
  package static let query = VectorOrigin(model: "stub", fingerprint: "f00d", prefix: "query: ")

  package static func vector(_ seed: Int, dimension: Int = dimension) -> [Float] {
    var generator = StoreGenerator(UInt64(bitPattern: Int64(seed)))
    let vector = (0..<dimension).map { _ in Float.random(in: -1...1, using: &generator) }
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return vector.map { $0 / length }
  }

  /// Its vector is decided by its id.
  package static func document(
    _ id: String, _ text: String = "text", title: String = "", metadata: Metadata = [:]
  ) -> EmbeddedDocument {
    let seed = id.utf8.reduce(0) { $0 &* 31 &+ Int($1) }
    return document(id, text, seed: seed, title: title, metadata: metadata)
  }

  package static func document(
    _ id: String, _ text: String = "text", seed: Int, title: String = "", metadata: Metadata = [:]
  ) -> EmbeddedDocument {
    EmbeddedDocument(
      document: Document(id: id, title: title, text: text, metadata: metadata), vector: vector(seed))
  }

  package static func search(
    _ seed: Int, limit: Int = 10, filter: Filter? = nil, method: SearchMethod = .exact,
    documents: Bool = false
  ) -> VectorSearch {
    VectorSearch(
      queries: [vector(seed)], origin: query, limit: limit, filter: filter, method: method,
      documents: documents)
  }
}

/// The same numbers on every run.
package struct StoreGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(_ seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    // SplitMix64 (Steele, Lea, Flood 2014).
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

/// The code of the error that `body` throws; nil if it throws none.
package func storeErrorCode<Result>(
  _ body: () async throws(RetrievalError) -> Result
) async -> RetrievalError.Code? {
  do throws(RetrievalError) {
    _ = try await body()
    return nil
  } catch {
    return error.code
  }
}
