import EmbeddingEngine
import ModelFiles
import Retrieval
import Synchronization
import TestSupport
import Testing

@testable import Service

@Suite struct ReplyBudgetTests {
  /// Collection "c" of `count` documents, each of 100 bytes of text.
  private func service(
    _ count: Int, _ limits: RetrievalLimits = RetrievalLimits(), reranks: Bool = false
  ) async throws -> (retrieval: RetrievalService, store: UniformStore) {
    let store = UniformStore(count: count)
    let embedder = StubEmbedder(
      contract: .stub(prompts: Prompts(query: "query: ", passage: "passage: ", symmetric: "query: ")))
    let retrieval = try RetrievalService(
      store: store, embeddings: EmbeddingService(embedder: embedder),
      reranking: reranks ? RerankingService(reranker: StubReranker()) : nil, fingerprint: "f1",
      limits: limits)
    _ = try await retrieval.createCollection("c")
    return (retrieval, store)
  }

  private func limits(bytes: Int) -> RetrievalLimits { RetrievalLimits(maximumReplyBytes: bytes) }

  @Test func anIdNamedOftenIsFetchedOnceAndCountedEachTime() async throws {
    let (retrieval, store) = try await service(2, limits(bytes: 2_048))
    let few = try await retrieval.get(
      ids: ["d1001", "absent", "d1000", "d1001"], from: "c", vectors: false)
    #expect(few.map(\.document.id) == ["d1001", "d1000", "d1001"])
    #expect(store.asked == [["d1001", "absent", "d1000"]])
    let refusal = await #expect(throws: ServiceError.self) {
      try await retrieval.get(
        ids: [String](repeating: "d1000", count: 100), from: "c", vectors: false)
    }
    #expect(refusal?.code == .invalidArgument)
    #expect(refusal?.message.contains("2048 bytes") == true)
    #expect(refusal?.message.contains("fewer ids") == true)
  }

  @Test func documentsAreCountedWhileTheyAreFetched() async throws {
    let (retrieval, store) = try await service(500, limits(bytes: 2_048))
    await #expect(throws: ServiceError.self) {
      try await retrieval.get(ids: (1_000..<1_500).map { "d\($0)" }, from: "c", vectors: false)
    }
    #expect(store.asked.map(\.count) == [64])
  }

  @Test func vectorsCount() async throws {
    let (retrieval, _) = try await service(1, limits(bytes: 200))
    #expect(try await retrieval.get(ids: ["d1000"], from: "c", vectors: false).count == 1)
    await #expect(throws: ServiceError.self) {
      try await retrieval.get(ids: ["d1000"], from: "c", vectors: true)
    }
  }

  @Test(arguments: SearchMode.allCases)
  func aSearchIsRefusedForItsDocumentsOnly(_ mode: SearchMode) async throws {
    let (retrieval, _) = try await service(200, limits(bytes: 2_048))
    let many = SearchRequest(collection: "c", queries: ["a", "b", "c"], limit: 7, mode: mode)
    let refusal = await #expect(throws: ServiceError.self) { try await retrieval.search(many) }
    #expect(refusal?.code == .invalidArgument)
    #expect(refusal?.message.contains("ids_only") == true)
    var request = many
    request.limit = 2
    for result in try await retrieval.search(request).results {
      let hits = try result.get().hits
      #expect(hits.count == 2)
      #expect(hits.allSatisfy { $0.document?.text.utf8.count == 100 })
    }
    request.limit = 150
    request.documents = false
    for result in try await retrieval.search(request).results {
      let hits = try result.get().hits
      #expect(hits.count == 150)
      #expect(hits.allSatisfy { $0.document == nil })
    }
  }

  @Test func documentsOfManyHitsAreFetchedInParts() async throws {
    let (retrieval, store) = try await service(200)
    let request = SearchRequest(collection: "c", queries: ["a"], limit: 100)
    let result = try #require(try await retrieval.search(request).results.first)
    let hits = try result.get().hits
    #expect(hits.map(\.id) == (1_000..<1_100).map { "d\($0)" })
    #expect(hits.allSatisfy { $0.document?.id == $0.id })
    #expect(store.asked.map(\.count) == [64, 36])
  }

  @Test func candidatesForTheCrossEncoderAreBounded() async throws {
    let (retrieval, _) = try await service(200, limits(bytes: 2_048), reranks: true)
    let many = SearchRequest(
      collection: "c", queries: ["a"], limit: 1, rerank: true, rerankCandidates: 100, documents: false)
    let refusal = await #expect(throws: ServiceError.self) { try await retrieval.search(many) }
    #expect(refusal?.message.contains("rerank_candidates") == true)
    var few = many
    few.rerankCandidates = 5
    let result = try #require(try await retrieval.search(few).results.first)
    #expect(try result.get().hits.count == 1)
  }

  @Test(arguments: [1, 2_048, 64 << 20])
  func pagesEndEarlyAndNothingIsLost(_ bytes: Int) async throws {
    let (retrieval, _) = try await service(150, limits(bytes: bytes))
    var pages: [[String]] = []
    var token = ""
    repeat {
      let page = try await retrieval.list("c", filter: "", size: 120, token: token, vectors: false)
      pages.append(page.documents.map(\.document.id))
      token = page.nextToken
    } while !token.isEmpty && pages.count < 200
    #expect(pages.flatMap(\.self) == (1_000..<1_150).map { "d\($0)" })
    switch bytes {
    case 1: #expect(pages.allSatisfy { $0.count == 1 })
    case 2_048: #expect(pages.allSatisfy { (1...20).contains($0.count) })
    default: #expect(pages.map(\.count) == [120, 30])
    }
  }
}

/// A collection of documents "d1000", "d1001", … that every search finds; remembers the ids it was asked for.
private final class UniformStore: CollectionStore {
  private struct State {
    var info: CollectionInfo?
    var asked: [[String]] = []
  }

  private let held: [EmbeddedDocument]
  private let state = Mutex(State())

  init(count: Int) {
    held = (0..<count).map { number in
      EmbeddedDocument(
        document: Document(id: "d\(1_000 + number)", text: String(repeating: "a", count: 100)),
        vector: [Float](repeating: 0.125, count: 64))
    }
  }

  /// The ids of each call of `get`.
  var asked: [[String]] { state.withLock { $0.asked } }

  private func given(_ document: EmbeddedDocument, _ vectors: Bool) -> EmbeddedDocument {
    EmbeddedDocument(document: document.document, vector: vectors ? document.vector : [])
  }

  private func hits(_ limit: Int, documents: Bool) -> [Hit] {
    held.prefix(limit).map { found in
      Hit(id: found.document.id, score: 1, document: documents ? found.document : nil)
    }
  }

  func createCollection(
    _ name: String, contract: CollectionContract
  ) async throws(RetrievalError) -> CollectionInfo {
    let info = CollectionInfo(name: name, contract: contract, count: held.count)
    state.withLock { $0.info = info }
    return info
  }

  func dropCollection(_ name: String) async throws(RetrievalError) {}

  func collections() async throws(RetrievalError) -> [CollectionInfo] { [] }

  func collection(_ name: String) async throws(RetrievalError) -> CollectionInfo {
    guard let info = state.withLock({ $0.info }) else {
      throw RetrievalError(.notFound, "no collection was made")
    }
    return info
  }

  func upsert(
    _ documents: [EmbeddedDocument], into name: String, origin: VectorOrigin
  ) async throws(RetrievalError) -> UpsertOutcome {
    UpsertOutcome(inserted: 0, replaced: 0)
  }

  func delete(ids: [String], from name: String) async throws(RetrievalError) -> Int { 0 }

  func get(
    ids: [String], from name: String, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument?] {
    state.withLock { $0.asked.append(ids) }
    return ids.map { id in
      held.first(where: { $0.document.id == id }).map { given($0, vectors) }
    }
  }

  func list(
    _ name: String, filter: Filter?, limit: Int, after: String?, vectors: Bool
  ) async throws(RetrievalError) -> [EmbeddedDocument] {
    let first = after ?? ""
    return held.filter { $0.document.id > first }.prefix(limit).map { given($0, vectors) }
  }

  func search(_ name: String, _ request: VectorSearch) async throws(RetrievalError) -> [[Hit]] {
    request.queries.map { _ in hits(request.limit, documents: request.documents) }
  }

  func searchText(
    _ name: String, query: String, limit: Int, filter: Filter?
  ) async throws(RetrievalError) -> [Hit] {
    hits(limit, documents: true)
  }

  func vectors(
    _ name: String, filter: Filter?, limit: Int
  ) async throws(RetrievalError) -> VectorTable {
    VectorTable(ids: [], values: [], dimension: 1)
  }

  func close() async {}
}
