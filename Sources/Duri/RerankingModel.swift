import EmbeddingEngine
import Encoder
import ModelFiles
import Service

/// A cross-encoder loaded into this process: a query and passages in, scores out.
///
/// ```swift
/// let model = try RerankingModel.load("./my-reranker")
/// let reply = try await model.rerank("김장은 언제 하나?", ["Kimjang is …", "The Han river …"])
/// ```
public final class RerankingModel: Sendable {
  private let engine: ModelEngine
  private let service: RerankingService

  /// Loads a cross-encoder.
  ///
  /// - Parameters:
  ///   - reference: a folder in Hugging Face layout, or the name of a built-in model.
  ///   - precision: default f32; nil takes the fastest whose scores agree with f32's.
  /// - Throws: an error whose description names the file and what is wrong with it.
  public static func load(
    _ reference: String, precision: Precision? = .f32, maximumTokens: Int? = nil,
    engine: EngineConfiguration = EngineConfiguration()
  ) throws -> RerankingModel {
    let folder = try ModelFolder.open(
      path: try BuiltInModels.resolve(reference), maximumTokens: maximumTokens)
    guard folder.contract.isReranker else {
      throw ModelLoadingError(
        message: "\(folder.path): has no scoring head; it makes vectors (duri embed) and cannot rerank")
    }
    return RerankingModel(
      engine: try ModelEngine.load(folder, precision: precision, configuration: engine))
  }

  private init(engine: ModelEngine) {
    self.engine = engine
    service = RerankingService(
      reranker: engine, limits: ServiceLimits(maximumTexts: .max, maximumTextBytes: 64 << 20))
  }

  public var contract: ModelContract { engine.contract }
  public var precision: Precision { engine.precision }
  /// The engine behind this model, to be served.
  public var reranker: any Reranker { engine }

  /// Scores passages against a query, best first; a passage that cannot be scored fails alone, at the end.
  public func rerank(
    _ query: String, _ passages: [String], settings: RerankSettings = RerankSettings()
  ) async throws(ServiceError) -> RerankReply {
    try await service.rerank(query, passages, settings: settings, admission: .waiting)
  }

  /// Finishes what was begun and ends the model's threads.
  public func shutdown() async { await engine.shutdown() }
}
