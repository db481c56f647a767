import Duri
import EmbeddingEngine
import MilvusStore
import Retrieval
import Service

/// What the server can do, ready for any transport.
struct Operations: Sendable {
  let embeddings: EmbeddingService
  let reranking: RerankingService?
  let retrieval: RetrievalService
  private let rerankingModel: RerankingModel?

  /// Loads the cross-encoder, if one is named, and opens the store.
  ///
  /// - Throws: an error whose description names the file or directory and what is wrong with it.
  static func make(
    model: EmbeddingModel, configuration: Configuration
  ) async throws -> Operations {
    let rerankingModel = try configuration.reranker.map {
      try RerankingModel.load(
        $0, precision: configuration.rerankerPrecision, engine: configuration.engine)
    }
    return try Operations(
      embeddings: EmbeddingService(embedder: model.embedder, limits: configuration.limits),
      fingerprint: model.fingerprint, store: try await configuration.store.open(),
      rerankingModel: rerankingModel)
  }

  /// - Parameter fingerprint: tells two models of one name apart.
  init(
    embeddings: EmbeddingService, fingerprint: String, store: any CollectionStore = NoStore(),
    rerankingModel: RerankingModel? = nil
  ) throws(ServiceError) {
    self.embeddings = embeddings
    self.rerankingModel = rerankingModel
    reranking = rerankingModel.map {
      RerankingService(reranker: $0.reranker, limits: embeddings.limits)
    }
    retrieval = try RetrievalService(
      store: store, embeddings: embeddings, reranking: reranking, fingerprint: fingerprint)
  }

  /// Closes the store's files and ends the cross-encoder's threads; the embedding model is the caller's.
  func close() async {
    await retrieval.store.close()
    await rerankingModel?.shutdown()
  }
}

extension StoreLocation {
  func open() async throws -> any CollectionStore {
    switch self {
    case .none: NoStore()
    case .directory(let path): try await EmbeddedStore.open(directory: path)
    case .milvus(let url): try await MilvusStore.open(url)
    }
  }
}
