import Foundation
import Retrieval

extension MilvusStore {
  public func search(
    _ name: String, _ request: VectorSearch
  ) async throws(RetrievalError) -> [[Hit]] {
    try checkCount(request.limit, in: 1...CollectionLimits.hits, of: "the search's limit")
    try checkCount(request.queries.count, in: 0...CollectionLimits.queries, of: "the number of queries")
    try request.filter?.check()
    for (index, query) in request.queries.enumerated() {
      // A wrong size is the contract's error, below.
      if !query.isEmpty { try checkUnitLength(query, of: "query \(index)") }
    }
    let collection = try await find(name)
    for query in request.queries {
      try collection.contract.check(request.origin, side: .query, dimension: query.count)
    }
    let condition = FilterCondition(request.filter)
    guard condition != .never else { return request.queries.map { _ in [] } }
    let search = NearestSearch(
      store: self, collection: collection, limit: request.limit, filter: request.filter,
      condition: condition)
    var hits = try await search.hits(request.queries)
    guard request.documents else { return hits }
    var seen: Set<[UInt8]> = []
    let ids = hits.joined().map(\.id).filter { seen.insert(Array($0.utf8)).inserted }
    let found = try await documents(collection, ids: ids, vectors: false)
    for index in hits.indices {
      hits[index] = hits[index].compactMap { hit in
        // One that was removed since is left out.
        found[Array(hit.id.utf8)].map { Hit(id: hit.id, score: hit.score, document: $0.document) }
      }
    }
    return hits
  }
}

extension Hit {
  /// Best first; equal scores in the order of the ids' bytes.
  static func precedes(_ a: Hit, _ b: Hit) -> Bool {
    a.score != b.score ? a.score > b.score : a.id.utf8.lexicographicallyPrecedes(b.id.utf8)
  }
}

/// Finds the nearest documents by Milvus' index, and scores them once more from their vectors: Milvus adds
/// the products of two equal vectors in different orders in different places, and documents of equal score
/// would come in any order.
private struct NearestSearch {
  let store: MilvusStore
  let collection: StoredCollection
  let limit: Int
  let filter: Filter?
  let condition: FilterCondition

  /// What two computations of one inner product of vectors of length 1 differ by at most.
  private static let tolerance: Float = 1e-5

  private var fields: [String] { [Field.vector] + (filter == nil ? [] : [Field.metadata]) }

  /// Bytes of the rows of one reply at most, about; a server of Milvus sends 100 MiB.
  private static let maximumBytes = 48 << 20

  private var bytesPerRow: Int { collection.contract.dimension * 4 + (filter == nil ? 64 : 1_024) }

  func hits(_ queries: [[Float]]) async throws(RetrievalError) -> [[Hit]] {
    var results = [[Hit]](repeating: [], count: queries.count)
    var open = Array(queries.indices)
    let most = min(RowLimits.hits, max(limit, Self.maximumBytes / bytesPerRow))
    // A few more, to see whether the last one ties with those behind it.
    var count = min(limit + 4, most)
    while !open.isEmpty {
      let size = max(1, Self.maximumBytes / (bytesPerRow * count))
      let asked = count
      let parts = try await store.concurrently(MilvusStore.parts(open, of: size)) {
        part throws(RetrievalError) -> [(query: Int, hits: [Hit], isWhole: Bool)] in
        let found = try await search(part.map { queries[$0] }, count: asked)
        return zip(part, found).map { ($0, $1.hits, $1.isWhole) }
      }
      open = []
      for (query, hits, isWhole) in parts.joined() {
        results[query] = hits
        if !isWhole && count < most { open.append(query) }
      }
      count = min(count * 4, most)
    }
    return results
  }

  /// - Returns: for each query the best hits, and whether no document that was not fetched can be among
  ///   them.
  private func search(
    _ queries: [[Float]], count: Int
  ) async throws(RetrievalError) -> [(hits: [Hit], isWhole: Bool)] {
    var group = Milvus_Proto_Common_PlaceholderGroup()
    var placeholder = Milvus_Proto_Common_PlaceholderValue()
    placeholder.tag = "$0"
    placeholder.type = .floatVector
    placeholder.values = queries.map { query in query.withUnsafeBytes { Data($0) } }
    group.placeholders = [placeholder]
    let found = try await store.search(
      collection, group, queries: queries.count, on: Field.vector, condition, count: count, fields: fields)
    var results: [(hits: [Hit], isWhole: Bool)] = []
    for (query, range) in zip(queries, found.ranges) {
      var hits: [Hit] = []
      hits.reserveCapacity(range.count)
      for row in range {
        if let filter, !filter.matches(try found.rows.metadata(row)) { continue }
        let score = innerProduct(query, try found.rows.vector(row))
        hits.append(Hit(id: try found.rows.id(row), score: score))
      }
      hits.sort(by: Hit.precedes)
      // Documents that were not fetched score no better than the last one that was.
      let rest = found.scores[range].min() ?? 0
      let isWhole =
        range.count < count
        || (hits.count >= limit && hits[limit - 1].score > rest + 2 * Self.tolerance)
      results.append((Array(hits.prefix(limit)), isWhole))
    }
    return results
  }
}

/// In one order whatever the rows are, so that equal vectors have equal scores.
private func innerProduct(_ a: [Float], _ b: ArraySlice<Float>) -> Float {
  a.withUnsafeBufferPointer { a in
    b.withUnsafeBufferPointer { b in
      var sums = SIMD8<Float>(repeating: 0)
      let whole = min(a.count, b.count) / 8 * 8
      for start in stride(from: 0, to: whole, by: 8) {
        var (x, y) = (SIMD8<Float>(), SIMD8<Float>())
        for lane in 0..<8 { (x[lane], y[lane]) = (a[start + lane], b[start + lane]) }
        sums += x * y
      }
      var sum = sums.sum()
      for index in whole..<min(a.count, b.count) { sum += a[index] * b[index] }
      return sum
    }
  }
}

/// Hits of several queries as the server gives them.
struct FoundHits: Sendable {
  let rows: FoundRows
  /// Of the rows.
  let scores: [Float]
  /// Each query's rows, best first.
  let ranges: [Range<Int>]
}

extension MilvusStore {
  /// One search call on one of a collection's indexes.
  func search(
    _ collection: StoredCollection, _ group: Milvus_Proto_Common_PlaceholderGroup, queries: Int,
    on field: String, _ condition: FilterCondition, count: Int, fields: [String]
  ) async throws(RetrievalError) -> FoundHits {
    var request = Milvus_Proto_Milvus_SearchRequest()
    request.dbName = address.database
    request.collectionName = collection.milvusName
    if case .expression(let text) = condition { request.dsl = text }
    request.dslType = .boolExprV1
    do {
      request.placeholderGroup = try group.serializedData()
    } catch {
      throw RetrievalError(.invalidArgument, "the queries could not be encoded")
    }
    request.outputFields = fields
    request.searchParams = [
      .init("anns_field", field), .init("topk", String(count)), .init("metric_type", "IP"),
      .init("params", "{}"), .init("round_decimal", "-1"),
    ]
    request.nq = Int64(queries)
    request.consistencyLevel = .strong
    let reply: Milvus_Proto_Milvus_SearchResults = try await call("Search", request, on: collection)
    let data = reply.results
    let ids = data.ids.strID.data
    var ranges: [Range<Int>] = []
    var start = 0
    for count in data.topks {
      let (end, overflow) = start.addingReportingOverflow(Int(clamping: count))
      guard !overflow, count >= 0, end <= ids.count else { break }
      ranges.append(start..<end)
      start = end
    }
    // A server may leave the counts out where nothing was found.
    if data.topks.isEmpty, ids.isEmpty { ranges = Array(repeating: 0..<0, count: queries) }
    guard ranges.count == queries, data.scores.count == ids.count else {
      throw RetrievalError(.storage, "Milvus at \(address) answered a search with hits that do not add up")
    }
    return FoundHits(
      rows: try FoundRows(data.fieldsData, ids: ids, dimension: collection.contract.dimension),
      scores: data.scores, ranges: ranges)
  }
}
