import Duri
import Service

/// Embeds a few texts before the server listens: a broken model must not answer its first client with wrong vectors.
///
/// It also touches every page of the weights once, so that the first request is as fast as the second.
struct SelfTest {
  /// Korean, English, mixed script and a text over most limits.
  private static let texts = [
    "오늘 날씨가 정말 좋네요.", "The weather is really nice today.", "Swift 6로 쓴 서버입니다.",
    String(repeating: "긴 글은 끝이 잘립니다. A long text is cut at its end. ", count: 100),
  ]

  /// Largest difference between a component computed alone and in company.
  private static let tolerance: Float = 1e-4

  /// - Throws: ``ServiceError`` if a vector is missing, not finite, not of length 1, or changes with its company.
  static func run(_ model: EmbeddingModel) async throws(ServiceError) {
    let options = EmbedOptions(normalize: true)
    let together = try await vectors(texts, model, options)
    for (index, text) in texts.enumerated() {
      let alone = try await vectors([text], model, options)
      guard let alone = alone.first, alone.count == together[index].count else {
        throw failure("a vector is missing")
      }
      let length = alone.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard abs(length - 1) < tolerance else { throw failure("a vector has length \(length)") }
      let difference = zip(alone, together[index]).map { abs($0 - $1) }.max() ?? .infinity
      guard difference < tolerance else {
        throw failure("a vector changes by \(difference) with its company")
      }
    }
  }

  private static func vectors(
    _ texts: [String], _ model: EmbeddingModel, _ options: EmbedOptions
  ) async throws(ServiceError) -> [[Float]] {
    var vectors: [[Float]] = []
    for outcome in try await model.embed(texts, options: options) {
      guard case .float32(let vector) = try outcome.get().vector.storage else {
        throw failure("a vector came in the wrong encoding")
      }
      vectors.append(vector)
    }
    return vectors
  }

  private static func failure(_ what: String) -> ServiceError {
    ServiceError(.internal, "self-test failed: \(what); the model's files may be damaged")
  }
}
