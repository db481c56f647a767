import EmbeddingEngine
import Retrieval

/// A document on its way into a collection.
public struct IncomingDocument: Sendable, Equatable {
  public var document: Document
  /// A vector made elsewhere; nil lets the server embed title and text.
  public var vector: ForeignVector?

  public init(document: Document, vector: ForeignVector? = nil) {
    self.document = document
    self.vector = vector
  }

  /// Why no store would take it; nil where one would.
  fileprivate var refusal: String? {
    document.refusal ?? vector.flatMap { unitLengthRefusal($0.values) }
  }
}

/// What became of the documents of one upsert.
public struct UpsertReport: Sendable {
  public var inserted = 0
  public var replaced = 0
  /// Stored documents that were longer than the model takes: only their beginning can be found by meaning.
  public var truncated = 0
  public var failures: [Failure] = []

  /// A document that was not stored.
  public struct Failure: Sendable {
    /// Position in the call.
    public var index: Int
    public var id: String
    public var error: ServiceError
  }

  public init() {}
}

/// Documents with their vectors, and those that have none.
public struct EmbeddedBatch: Sendable {
  var documents: [EmbeddedDocument] = []
  var truncated = 0
  var failures: [UpsertReport.Failure] = []
}

extension RetrievalService {
  /// Embeds what has no vector and stores everything that has one by then.
  ///
  /// - Throws: for the call as a whole only: no such collection, a vector of another model, too many documents.
  public func upsert(
    _ documents: [IncomingDocument], into collection: String,
    deadline: ContinuousClock.Instant? = nil, admission: Admission = .immediate
  ) async throws(ServiceError) -> UpsertReport {
    let info = try await self.collection(collection)
    let batch = try await embed(
      documents, for: info.contract, deadline: deadline, admission: admission)
    return try await store(batch, into: collection, contract: info.contract)
  }

  /// The first half of an upsert: vectors for documents that have none.
  public func embed(
    _ documents: [IncomingDocument], for contract: CollectionContract,
    deadline: ContinuousClock.Instant?, admission: Admission
  ) async throws(ServiceError) -> EmbeddedBatch {
    try limits.check(documents.count, atMost: limits.maximumDocuments, "documents")
    var vectors: [[Float]?] = []
    vectors.reserveCapacity(documents.count)
    var texts: [String] = []
    var indices: [Int] = []
    var batch = EmbeddedBatch()
    for (index, incoming) in documents.enumerated() {
      if let vector = incoming.vector {
        do {
          try contract.check(vector.origin, side: .passage, dimension: vector.values.count)
        } catch {
          throw ServiceError(
            .failedPrecondition, "document \(index): \(error.message)")
        }
      }
      // What the store would refuse fails alone here; there it would end the call.
      if let refusal = incoming.refusal ?? store.refusal(of: incoming.document) {
        batch.failures.append(
          .init(
            index: index, id: incoming.document.id,
            error: ServiceError(.invalidArgument, refusal)))
        vectors.append(nil)
      } else if let vector = incoming.vector {
        vectors.append(vector.values)
      } else {
        texts.append(incoming.document.embeddedText)
        indices.append(index)
        vectors.append(nil)
      }
    }
    if !texts.isEmpty {
      try checkServes(contract)
      let plan = try embeddings.plan(
        EmbedSettings(role: .passage, options: EmbedOptions(normalize: true)))
      let outcomes = OutcomeList(count: texts.count)
      try await embeddings.embed(texts, plan: plan, deadline: deadline, admission: admission) {
        outcomes.set($0, $1)
      }
      for (index, outcome) in zip(indices, outcomes.taken()) {
        switch outcome {
        case .success(let embedded):
          vectors[index] = embedded.vector.float32
          if embedded.receipt.truncated { batch.truncated += 1 }
        case .failure(let error):
          batch.failures.append(
            .init(index: index, id: documents[index].document.id, error: error))
        }
      }
    }
    batch.failures.sort { $0.index < $1.index }
    for (incoming, vector) in zip(documents, vectors) {
      guard let vector else { continue }
      batch.documents.append(EmbeddedDocument(document: incoming.document, vector: vector))
    }
    return batch
  }

  /// The second half of an upsert: durable when it returns.
  public func store(
    _ batch: EmbeddedBatch, into collection: String, contract: CollectionContract
  ) async throws(ServiceError) -> UpsertReport {
    var report = UpsertReport()
    report.failures = batch.failures
    guard !batch.documents.isEmpty else { return report }
    let origin = VectorOrigin(
      model: contract.model, fingerprint: contract.fingerprint, prefix: contract.passagePrefix)
    let outcome = try await stored { () async throws(RetrievalError) in
      try await store.upsert(batch.documents, into: collection, origin: origin)
    }
    report.inserted = outcome.inserted
    report.replaced = outcome.replaced
    report.truncated = batch.truncated
    return report
  }

  /// Refuses to mix the served model's vectors into a collection made for another.
  func checkServes(_ collection: CollectionContract) throws(ServiceError) {
    let origin = VectorOrigin(
      model: contract.model, fingerprint: contract.fingerprint, prefix: contract.passagePrefix)
    do {
      try collection.check(origin, side: .passage, dimension: contract.dimension)
    } catch {
      throw ServiceError(error)
    }
  }
}

extension Document {
  /// What the model reads of a document: its title, if any, and its text.
  var embeddedText: String { title.isEmpty ? text : "\(title)\n\(text)" }
}

extension EncodedVector {
  /// The components of a vector that was not encoded otherwise.
  var float32: [Float] {
    if case .float32(let components) = storage { components } else { [] }
  }
}
