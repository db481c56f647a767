import Foundation
import Retrieval

extension MilvusStore {
  @discardableResult
  public func createCollection(
    _ name: String, contract: CollectionContract
  ) async throws(RetrievalError) -> CollectionInfo {
    try checkCollectionName(name)
    try contract.checkDimension()
    let milvusName = try CollectionName.encode(name)
    return try await writing(name) { () throws(RetrievalError) in
      // Milvus takes a second one of the same schema for the first.
      guard try await describe(milvusName) == nil else {
        throw RetrievalError(
          .alreadyExists, "there is a collection '\(name)': give another name, or drop it first")
      }
      try await make(milvusName, contract)
      do throws(RetrievalError) {
        try await makeSearchable(milvusName)
      } catch {
        // Half made it would be of no use.
        try? await drop(milvusName)
        throw error
      }
      return CollectionInfo(name: name, contract: contract, count: 0)
    }
  }

  private func make(_ milvusName: String, _ contract: CollectionContract) async throws(RetrievalError) {
    let stored = try StoredContract.encode(contract)
    var request = Milvus_Proto_Milvus_CreateCollectionRequest()
    request.dbName = address.database
    request.collectionName = milvusName
    do {
      request.schema = try Milvus_Proto_Schema_CollectionSchema(
        name: milvusName, contract: contract, description: stored
      ).serializedData()
    } catch {
      throw RetrievalError(.storage, "the schema could not be encoded")
    }
    request.shardsNum = 1
    request.consistencyLevel = .strong
    request.properties = [.init(StoredContract.property, stored)]
    let _: Milvus_Proto_Common_Status = try await call("CreateCollection", request, .making)
  }

  private func makeSearchable(_ milvusName: String) async throws(RetrievalError) {
    try await makeIndex(milvusName, Field.vector, type: "FLAT", metric: "IP")
    try await makeIndex(milvusName, Field.wordWeights, type: "SPARSE_INVERTED_INDEX", metric: "IP")
    // They only make filters fast; servers differ in whether arrays may have one.
    for field in [Field.filterKeys, Field.wordHashes] {
      try? await makeIndex(milvusName, field, type: "INVERTED", metric: nil)
    }
    try await load(milvusName)
  }

  private func makeIndex(
    _ milvusName: String, _ field: String, type: String, metric: String?
  ) async throws(RetrievalError) {
    var request = Milvus_Proto_Milvus_CreateIndexRequest()
    request.dbName = address.database
    request.collectionName = milvusName
    request.fieldName = field
    request.indexName = field
    request.extraParams = [.init("index_type", type), .init("params", "{}")]
    if let metric { request.extraParams.append(.init("metric_type", metric)) }
    let _: Milvus_Proto_Common_Status = try await call("CreateIndex", request, .schema)
  }

  /// Brings a collection into the server's memory and waits until it is there.
  func load(_ milvusName: String) async throws(RetrievalError) {
    var request = Milvus_Proto_Milvus_LoadCollectionRequest()
    request.dbName = address.database
    request.collectionName = milvusName
    request.replicaNumber = 1
    let _: Milvus_Proto_Common_Status = try await call("LoadCollection", request, .schema)
    var question = Milvus_Proto_Milvus_GetLoadStateRequest()
    question.dbName = address.database
    question.collectionName = milvusName
    var pause = Duration.milliseconds(10)
    let end = ContinuousClock.now + .seconds(300)
    while ContinuousClock.now < end {
      let reply: Milvus_Proto_Milvus_GetLoadStateResponse = try await call(
        "GetLoadState", question, .schema)
      if reply.state == .loaded { return }
      do {
        try await Task.sleep(for: pause)
      } catch {
        throw RetrievalError(.cancelled, "the operation was cancelled")
      }
      pause = min(pause * 2, .seconds(1))
    }
    throw RetrievalError(
      .storage,
      "Milvus at \(address) has not loaded the collection in 300 s: see whether it has memory enough")
  }

  public func dropCollection(_ name: String) async throws(RetrievalError) {
    try await writing(name) { () throws(RetrievalError) in
      let collection = try await find(name)
      try await drop(collection.milvusName)
    }
  }

  private func drop(_ milvusName: String) async throws(RetrievalError) {
    var request = Milvus_Proto_Milvus_DropCollectionRequest()
    request.dbName = address.database
    request.collectionName = milvusName
    let _: Milvus_Proto_Common_Status = try await call("DropCollection", request, .schema)
    wordStatistics.withLock { $0[milvusName] = nil }
  }

  public func collections() async throws(RetrievalError) -> [CollectionInfo] {
    let names = try await names()
    let found = try await concurrently(names) { [self] name throws(RetrievalError) -> CollectionInfo? in
      do throws(RetrievalError) {
        return try await collection(name)
      } catch {
        // Another program's, or dropped since.
        guard error.code == .notFound || error.code == .invalidArgument else { throw error }
        return nil
      }
    }
    return found.compactMap(\.self).sorted { $0.name < $1.name }
  }

  public func collection(_ name: String) async throws(RetrievalError) -> CollectionInfo {
    let collection = try await find(name)
    return CollectionInfo(
      name: name, contract: collection.contract, count: try await count(collection, where: .always))
  }

  /// Names of the collections that are, or look like, the store's.
  func names(
    _ manner: MilvusConnection.Manner = .schema
  ) async throws(RetrievalError) -> [String] {
    var request = Milvus_Proto_Milvus_ShowCollectionsRequest()
    request.dbName = address.database
    let reply: Milvus_Proto_Milvus_ShowCollectionsResponse = try await call(
      "ShowCollections", request, manner)
    return reply.collectionNames.compactMap(CollectionName.decode)
  }

  /// The collection of this name.
  ///
  /// - Throws: `notFound`; `invalidArgument` for one of that name on Milvus that Duri did not make.
  func find(_ name: String) async throws(RetrievalError) -> StoredCollection {
    try checkCancellation()
    do throws(RetrievalError) {
      try checkCollectionName(name)
    } catch {
      // No collection can have the name.
      throw Self.notFound(String(name.prefix(64)))
    }
    let milvusName = try CollectionName.encode(name)
    guard let reply = try await describe(milvusName) else { throw Self.notFound(name) }
    guard let contract = try StoredContract.decode(reply, name: name) else {
      throw RetrievalError(
        .invalidArgument,
        "the collection '\(milvusName)' on Milvus at \(address) was not made by Duri: give another name, "
          + "or drop it there")
    }
    return StoredCollection(name: name, milvusName: milvusName, contract: contract)
  }

  /// - Returns: nil if there is no such collection.
  private func describe(
    _ milvusName: String
  ) async throws(RetrievalError) -> Milvus_Proto_Milvus_DescribeCollectionResponse? {
    var request = Milvus_Proto_Milvus_DescribeCollectionRequest()
    request.dbName = address.database
    request.collectionName = milvusName
    do throws(MilvusError) {
      return try await connection.call("DescribeCollection", request, .schema)
    } catch {
      guard error.kind == .notFound else { throw error.retrievalError }
      return nil
    }
  }
}
