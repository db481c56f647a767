import EmbeddingEngine
import ModelFiles
import Retrieval

/// What is asked of all vectors of a collection together.
extension RetrievalService {
  /// The pairs of documents most like each other, best first.
  ///
  /// - Parameters:
  ///   - limit: pairs; 0 means 100.
  ///   - neighbours: documents looked at for each; 0 means 100.
  ///   - minimumScore: only pairs of at least this cosine.
  public func mineParaphrases(
    in collection: String, filter: String, limit: Int, neighbours: Int, minimumScore: Float?
  ) async throws(ServiceError) -> [ScoredPair] {
    let limit = try limits.resolve(limit, default: 100, atMost: 1_000_000, "limit")
    let neighbours = try limits.resolve(neighbours, default: 100, atMost: 1_000, "neighbours")
    return try await mine(collection, filter) { table, cancellation in
      Retrieval.mineParaphrases(
        table, limit: limit, neighbours: neighbours, minimumScore: minimumScore ?? -1,
        cancellation: cancellation)
    }
  }

  /// Groups of documents that all resemble a central one, largest first, the central one first in each.
  ///
  /// - Parameters:
  ///   - threshold: cosine to the central document; nil means 0.75.
  ///   - minimumSize: smallest group; 0 means 10.
  public func detectCommunities(
    in collection: String, filter: String, threshold: Float?, minimumSize: Int
  ) async throws(ServiceError) -> [[String]] {
    let threshold = threshold ?? 0.75
    guard (-1...1).contains(threshold) else {
      throw ServiceError(.invalidArgument, "threshold is \(threshold); a cosine is -1 to 1")
    }
    let size = try limits.resolve(
      minimumSize, default: 10, atMost: limits.maximumMined, "minimum_size")
    return try await mine(collection, filter) { table, cancellation in
      Retrieval.detectCommunities(
        table, threshold: threshold, minimumSize: size, cancellation: cancellation)
    }
  }

  /// k-means over the documents' vectors; the same seed gives the same clusters.
  public func cluster(
    _ collection: String, filter: String, clusters: Int, seed: UInt64
  ) async throws(ServiceError) -> Clustering {
    guard clusters >= 1 else {
      throw ServiceError(.invalidArgument, "clusters is \(clusters); it must be at least 1")
    }
    return try await mine(collection, filter) { table, cancellation throws(ServiceError) in
      guard clusters <= table.ids.count else {
        throw ServiceError(
          .invalidArgument,
          "clusters is \(clusters); there are \(table.ids.count) documents to put into them")
      }
      return Retrieval.kMeans(table, clusters: clusters, seed: seed, cancellation: cancellation)
    }
  }

  /// The documents, and texts among them, laid out in two dimensions by their vectors' principal components.
  public func project(
    _ collection: String, filter: String, texts: [String], deadline: ContinuousClock.Instant? = nil
  ) async throws(ServiceError) -> CollectionMap {
    try limits.check(texts.count, atMost: limits.maximumQueries, "texts")
    var vectors: [[Float]] = []
    if !texts.isEmpty {
      try checkServes(try await self.collection(collection).contract)
      let reply = try await embeddings.embed(
        texts, settings: EmbedSettings(role: .query, options: EmbedOptions(normalize: true)),
        deadline: deadline)
      for outcome in reply.outcomes { vectors.append(try outcome.get().vector.float32) }
    }
    let queries = vectors
    return try await mine(collection, filter) { table, cancellation in
      let projection = PrincipalProjection(table, cancellation: cancellation)
      return CollectionMap(
        ids: table.ids, documents: projection.points, texts: queries.map(projection.place))
    }
  }

  /// Reads the vectors and works on them on a thread of their own, if few others do.
  private func mine<R: Sendable>(
    _ collection: String, _ filter: String,
    _ work: @escaping @Sendable (VectorTable, MiningCancellation) throws(ServiceError) -> R
  ) async throws(ServiceError) -> R {
    let condition = try parsedFilter(filter)
    return try await minings.run { () async throws(ServiceError) in
      let table = try await stored { () async throws(RetrievalError) in
        try await store.vectors(collection, filter: condition, limit: limits.maximumMined)
      }
      let result = try await onOwnThread { cancellation in
        Result { () throws(ServiceError) in try work(table, cancellation) }
      }
      return try result.get()
    }
  }
}

/// Where documents and texts lie on the map.
public struct CollectionMap: Sendable {
  /// Of the documents, in the order of `documents`.
  public var ids: [String]
  public var documents: [PrincipalProjection.Point]
  public var texts: [PrincipalProjection.Point]
}
