import EmbeddingEngine
import ModelFiles
import Retrieval

/// Texts compared with each other, without a collection.
extension RetrievalService {
  /// Cosines of texts.
  public struct SimilarityScores: Sendable {
    /// Row-major, texts × texts; NaN in the rows and columns of texts that failed.
    public var matrix: [Float]
    /// nil where the text was embedded.
    public var failures: [ServiceError?]
  }

  /// Cosine of every text with every other.
  public func similarityMatrix(
    _ texts: [String], role: Role = .symmetric, deadline: ContinuousClock.Instant? = nil
  ) async throws(ServiceError) -> SimilarityScores {
    try limits.check(texts.count, atMost: limits.maximumMatrixTexts, "texts")
    let vectors = try await normalized(texts, role: role, deadline: deadline)
    let matrix = await onOwnThread {
      cosineMatrix(vectors.map { try? $0.get() })
    }
    return SimilarityScores(matrix: matrix, failures: vectors.map(\.failure))
  }

  /// Cosine of each pair of sentences; a sentence that cannot be embedded fails its own pair.
  public func scorePairs(
    _ pairs: [(first: String, second: String)], deadline: ContinuousClock.Instant? = nil
  ) async throws(ServiceError) -> [Result<Float, ServiceError>] {
    try limits.check(
      pairs.count, atMost: embeddings.limits.maximumTexts / 2, "pairs")
    let vectors = try await normalized(
      pairs.flatMap { [$0.first, $0.second] }, role: .symmetric, deadline: deadline)
    return pairs.indices.map { index in
      Result { () throws(ServiceError) -> Float in
        let first = try vectors[2 * index].get(), second = try vectors[2 * index + 1].get()
        return zip(first, second).reduce(0) { $0 + $1.0 * $1.1 }
      }
    }
  }

  private func normalized(
    _ texts: [String], role: Role, deadline: ContinuousClock.Instant?
  ) async throws(ServiceError) -> [Result<[Float], ServiceError>] {
    let reply = try await embeddings.embed(
      texts, settings: EmbedSettings(role: role, options: EmbedOptions(normalize: true)),
      deadline: deadline)
    return reply.outcomes.map { $0.map(\.vector.float32) }
  }
}

extension Result {
  /// The error of a failed result.
  fileprivate var failure: Failure? {
    if case .failure(let error) = self { error } else { nil }
  }
}
