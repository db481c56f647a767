import GRPCTransport
import NIOPosix
import SwiftProtobuf
import WireFormats

/// The gRPC interface of a Duri server, `duri.v1.Retrieval` and `duri.v1.Reranking`.
///
/// One client shares one connection among all its calls; close it when done.
public final class RetrievalClient: Sendable {
  private static let service = "/duri.v1.Retrieval"

  private let channel: GRPCChannel

  /// Connects.
  ///
  /// - Throws: `unavailable` naming the address if no server answers there.
  public static func connect(host: String, port: Int) async throws(GRPCError) -> RetrievalClient {
    RetrievalClient(
      channel: try await GRPCChannel.connect(
        host: host, port: port, group: MultiThreadedEventLoopGroup.singleton))
  }

  private init(channel: GRPCChannel) {
    self.channel = channel
  }

  /// Ends the connection.
  public func close() async { await channel.close() }

  private func call<Reply: Message>(
    _ method: String, _ request: some Message, timeout: Duration?, service: String = service
  ) async throws(GRPCError) -> Reply {
    try parse(
      try await channel.unary("\(service)/\(method)", try serialize(request), timeout: timeout))
  }

  // MARK: - Collections

  public func createCollection(
    _ request: Duri_V1_CreateCollectionRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_Collection {
    try await call("CreateCollection", request, timeout: timeout)
  }

  public func dropCollection(_ name: String, timeout: Duration? = nil) async throws(GRPCError) {
    var request = Duri_V1_DropCollectionRequest()
    request.name = name
    let _: Duri_V1_DropCollectionResponse = try await call(
      "DropCollection", request, timeout: timeout)
  }

  public func collection(
    _ name: String, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_Collection {
    var request = Duri_V1_GetCollectionRequest()
    request.name = name
    return try await call("GetCollection", request, timeout: timeout)
  }

  public func collections(
    timeout: Duration? = nil
  ) async throws(GRPCError) -> [Duri_V1_Collection] {
    let reply: Duri_V1_ListCollectionsResponse = try await call(
      "ListCollections", Duri_V1_ListCollectionsRequest(), timeout: timeout)
    return reply.collections
  }

  // MARK: - Documents

  /// Adds or replaces documents; see `Upsert` in `retrieval.proto`.
  public func upsert(
    _ request: Duri_V1_UpsertRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_UpsertResponse {
    try await call("Upsert", request, timeout: timeout)
  }

  /// Opens a stream of documents into a collection.
  public func upsertStream() async throws(GRPCError) -> UpsertClientStream {
    UpsertClientStream(call: try await channel.start("\(Self.service)/UpsertStream"))
  }

  public func delete(
    _ request: Duri_V1_DeleteDocumentsRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_DeleteDocumentsResponse {
    try await call("DeleteDocuments", request, timeout: timeout)
  }

  public func documents(
    _ request: Duri_V1_GetDocumentsRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_GetDocumentsResponse {
    try await call("GetDocuments", request, timeout: timeout)
  }

  public func list(
    _ request: Duri_V1_ListDocumentsRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_ListDocumentsResponse {
    try await call("ListDocuments", request, timeout: timeout)
  }

  /// Every document of a collection, page after page.
  public func export(_ request: Duri_V1_ExportRequest) async throws(GRPCError) -> ExportStream {
    let call = try await channel.start("\(Self.service)/Export")
    try await call.send(try serialize(request))
    call.finishSending()
    return ExportStream(call: call)
  }

  // MARK: - Search

  public func search(
    _ request: Duri_V1_SearchRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_SearchResponse {
    try await call("Search", request, timeout: timeout)
  }

  public func mineParaphrases(
    _ request: Duri_V1_MineParaphrasesRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_MineParaphrasesResponse {
    try await call("MineParaphrases", request, timeout: timeout)
  }

  public func detectCommunities(
    _ request: Duri_V1_DetectCommunitiesRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_DetectCommunitiesResponse {
    try await call("DetectCommunities", request, timeout: timeout)
  }

  public func cluster(
    _ request: Duri_V1_ClusterRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_ClusterResponse {
    try await call("Cluster", request, timeout: timeout)
  }

  public func similarityMatrix(
    _ request: Duri_V1_SimilarityMatrixRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_SimilarityMatrixResponse {
    try await call("SimilarityMatrix", request, timeout: timeout)
  }

  public func scorePairs(
    _ request: Duri_V1_ScorePairsRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_ScorePairsResponse {
    try await call("ScorePairs", request, timeout: timeout)
  }

  public func project(
    _ request: Duri_V1_ProjectRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_ProjectResponse {
    try await call("Project", request, timeout: timeout)
  }

  /// Scores passages against a query; see `reranking.proto`.
  public func rerank(
    _ request: Duri_V1_RerankRequest, timeout: Duration? = nil
  ) async throws(GRPCError) -> Duri_V1_RerankResponse {
    try await call("Rerank", request, timeout: timeout, service: "/duri.v1.Reranking")
  }
}
