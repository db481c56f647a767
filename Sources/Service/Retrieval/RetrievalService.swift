import ModelFiles
import Retrieval

/// Collections and search without a transport: the server embeds, a store keeps and finds, a cross-encoder may
/// rank again.
public struct RetrievalService: Sendable {
  public let store: any CollectionStore
  public let embeddings: EmbeddingService
  /// nil where the server was started without a cross-encoder.
  public let reranking: RerankingService?
  public let limits: RetrievalLimits
  /// The contract that new collections get and that every vector made here fulfils.
  public let contract: CollectionContract
  let minings: BoundedCalls

  /// - Parameter fingerprint: tells two models of one name apart.
  /// - Throws: `invalidArgument` for a model whose vectors cannot be searched by inner product.
  public init(
    store: any CollectionStore, embeddings: EmbeddingService, reranking: RerankingService?,
    fingerprint: String, limits: RetrievalLimits = RetrievalLimits()
  ) throws(ServiceError) {
    self.store = store
    self.embeddings = embeddings
    self.reranking = reranking.map {
      // How many passages a client may send says nothing about how many hits a search may rank again.
      var own = $0.limits
      own.maximumTexts = max(own.maximumTexts, limits.maximumHits)
      return RerankingService(reranker: $0.reranker, limits: own)
    }
    self.limits = limits
    minings = BoundedCalls(
      limit: limits.maximumMinings, what: "pairs, communities, clusters or maps")
    let model = embeddings.contract
    contract = CollectionContract(
      model: model.name, fingerprint: fingerprint,
      passagePrefix: try embeddings.plan(EmbedSettings(role: .passage)).prefix,
      queryPrefix: try embeddings.plan(EmbedSettings(role: .query)).prefix,
      dimension: model.dimension)
  }

  // MARK: - Collections

  /// Makes an empty collection for the served model's vectors.
  ///
  /// - Parameter demand: the contract the client counts on; nil takes the served model's.
  /// - Throws: `failedPrecondition` if the demand differs from what the served model makes.
  public func createCollection(
    _ name: String, demand: ContractDemand? = nil
  ) async throws(ServiceError) -> CollectionInfo {
    try demand?.check(against: contract)
    return try await stored { () async throws(RetrievalError) in
      try await store.createCollection(name, contract: contract)
    }
  }

  public func dropCollection(_ name: String) async throws(ServiceError) {
    try await stored { () async throws(RetrievalError) in try await store.dropCollection(name) }
  }

  public func collection(_ name: String) async throws(ServiceError) -> CollectionInfo {
    try await stored { () async throws(RetrievalError) in try await store.collection(name) }
  }

  public func collections() async throws(ServiceError) -> [CollectionInfo] {
    try await stored { () async throws(RetrievalError) in try await store.collections() }
  }
}

/// What a client says a new collection must be; nil fields are left to the server.
public struct ContractDemand: Sendable, Equatable {
  public var model: String?
  public var fingerprint: String?
  public var passagePrefix: String?
  public var queryPrefix: String?
  public var dimension: Int?

  public init(
    model: String? = nil, fingerprint: String? = nil, passagePrefix: String? = nil,
    queryPrefix: String? = nil, dimension: Int? = nil
  ) {
    self.model = model
    self.fingerprint = fingerprint
    self.passagePrefix = passagePrefix
    self.queryPrefix = queryPrefix
    self.dimension = dimension
  }

  func check(against contract: CollectionContract) throws(ServiceError) {
    func check<V: Equatable>(_ wanted: V?, _ served: V, _ what: String) throws(ServiceError) {
      guard let wanted, wanted != served else { return }
      throw ServiceError(
        .failedPrecondition,
        "the contract asks for \(what) '\(wanted)'; the served model has '\(served)': leave it out, "
          + "or start the server with that model")
    }
    try check(model, contract.model, "model")
    try check(fingerprint, contract.fingerprint, "fingerprint")
    try check(passagePrefix, contract.passagePrefix, "passage prefix")
    try check(queryPrefix, contract.queryPrefix, "query prefix")
    try check(dimension, contract.dimension, "dimension")
  }
}
