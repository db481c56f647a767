import EmbeddingEngine
import Encoder
import ModelFiles
import Service

/// A model loaded into this process: texts in, vectors out, no server.
///
/// ```swift
/// let model = try EmbeddingModel.load()
/// let reply = try await model.embed(["오늘 날씨가 정말 좋네요."], as: .query)
/// let vector = try reply[0].get().vector
/// ```
public final class EmbeddingModel: Sendable {
  private let engine: ModelEngine
  private let service: EmbeddingService
  /// Tells models of one name apart; collections remember it.
  public let fingerprint: String

  /// Loads a model.
  ///
  /// - Parameters:
  ///   - reference: a folder in Hugging Face layout, or the name of a built-in model; default: the built-in one.
  ///   - options: what to override; default: what the model's own files say.
  /// - Throws: an error whose description names the file and what is wrong with it.
  public static func load(
    _ reference: String = BuiltInModels.defaultName, options: Options = Options()
  ) throws -> EmbeddingModel {
    let folder = try ModelFolder.open(
      path: try BuiltInModels.resolve(reference), maximumTokens: options.maximumTokens,
      pooling: options.pooling)
    guard !folder.contract.isReranker else {
      throw ModelLoadingError(
        message: "\(folder.path): is a cross-encoder; it scores pairs (duri rerank) and makes no vectors")
    }
    return EmbeddingModel(
      engine: try ModelEngine.load(
        folder, precision: options.precision, configuration: options.engine),
      fingerprint: try folder.fingerprint())
  }

  /// Choices about loading.
  public struct Options: Sendable {
    /// Arithmetic; default f32. nil takes the fastest that agrees with f32 on the model.
    public var precision: Precision?
    /// Length limit in tokens; nil means the model's.
    public var maximumTokens: Int?
    /// Pooling; nil means the model's.
    public var pooling: Pooling?
    /// Threads and queue sizes.
    public var engine: EngineConfiguration

    public init(
      precision: Precision? = .f32, maximumTokens: Int? = nil, pooling: Pooling? = nil,
      engine: EngineConfiguration = EngineConfiguration()
    ) {
      self.precision = precision
      self.maximumTokens = maximumTokens
      self.pooling = pooling
      self.engine = engine
    }
  }

  private init(engine: ModelEngine, fingerprint: String) {
    self.engine = engine
    self.fingerprint = fingerprint
    // One process embeds its own texts: no bound on their number is needed to protect it from itself.
    service = EmbeddingService(
      embedder: engine, limits: ServiceLimits(maximumTexts: .max, maximumTextBytes: 64 << 20))
  }

  /// What must be right for the vectors to mean what the model's makers meant.
  public var contract: ModelContract { engine.contract }
  public var precision: Precision { engine.precision }
  /// How the precision compares with f32 on a fixed sample; nil where it was not measured.
  public var agreement: PrecisionAgreement? { engine.agreement }
  /// The engine behind this model, to be served.
  public var embedder: any Embedder { engine }

  /// Embeds texts; each has its own outcome, in the order of the texts.
  ///
  /// - Parameter role: which side of a search the texts stand on; the contract turns it into a prefix.
  /// - Throws: ``ServiceError`` for settings the model cannot serve.
  public func embed(
    _ texts: [String], as role: Role = .symmetric, instruction: String? = nil,
    options: EmbedOptions = EmbedOptions()
  ) async throws(ServiceError) -> [EmbeddingService.Outcome] {
    let plan = try service.plan(
      EmbedSettings(role: role, instruction: instruction, options: options))
    let outcomes = OutcomeList(count: texts.count)
    try await service.embed(texts, plan: plan, deadline: nil, admission: .waiting) {
      outcomes.set($0, $1)
    }
    return outcomes.taken()
  }

  /// Finishes what was begun and ends the model's threads.
  public func shutdown() async { await engine.shutdown() }
}
