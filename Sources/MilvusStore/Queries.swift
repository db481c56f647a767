import Foundation
import Retrieval

/// Rows of a collection by condition, the reading half of the store's calls.
extension MilvusStore {
  /// Rows in the order of their ids, or in any.
  ///
  /// - Parameters:
  ///   - condition: an expression; empty for every row.
  ///   - limit: rows at most; nil for a condition that names the ids.
  ///   - sorted: the first ones by id, rather than any.
  func query(
    _ collection: StoredCollection, where condition: String, fields: [String], limit: Int? = nil,
    sorted: Bool = false
  ) async throws(RetrievalError) -> FoundRows {
    let reply = try await rawQuery(collection, condition, fields, limit: limit, sorted: sorted)
    return try FoundRows(reply.fieldsData, dimension: collection.contract.dimension)
  }

  private func rawQuery(
    _ collection: StoredCollection, _ condition: String, _ fields: [String], limit: Int?, sorted: Bool
  ) async throws(RetrievalError) -> Milvus_Proto_Milvus_QueryResults {
    var request = Milvus_Proto_Milvus_QueryRequest()
    request.dbName = address.database
    request.collectionName = collection.milvusName
    request.expr = condition
    request.outputFields = fields
    request.consistencyLevel = .strong
    if let limit { request.queryParams.append(.init("limit", String(limit))) }
    if sorted {
      request.queryParams += [.init("iterator", "True"), .init("reduce_stop_for_best", "True")]
    }
    return try await call("Query", request, on: collection)
  }

  /// How many rows fulfil a condition.
  func count(
    _ collection: StoredCollection, where condition: FilterCondition
  ) async throws(RetrievalError) -> Int {
    let text: String
    switch condition {
    case .never: return 0
    case .always: text = ""
    case .expression(let expression): text = expression
    }
    let reply = try await rawQuery(collection, text, ["count(*)"], limit: nil, sorted: false)
    guard let count = reply.fieldsData.first?.scalars.longData.data.first else {
      throw RetrievalError(.storage, "Milvus at \(address) counted no rows: it is no Milvus, or before 2.4")
    }
    return Int(clamping: count)
  }

  /// Rows that pass a filter, in the order of their ids, a part at a time.
  ///
  /// - Parameters:
  ///   - after: the id before the first; nil starts.
  ///   - size: rows a part.
  ///   - body: takes a row; false ends the scan.
  func scan(
    _ collection: StoredCollection, _ filter: Filter?, after: String?, fields: [String], size: Int,
    _ body: (FoundRows, Int) throws(RetrievalError) -> Bool
  ) async throws(RetrievalError) {
    let condition = FilterCondition(filter)
    if condition == .never { return }
    let fields = filter == nil || fields.contains(Field.metadata) ? fields : fields + [Field.metadata]
    var last = after
    while true {
      var parts = last.map { [Expression.follows($0)] } ?? []
      if case .expression(let text) = condition { parts.append(text) }
      let rows = try await query(
        collection, where: parts.joined(separator: " and "), fields: fields, limit: size, sorted: true)
      for row in 0..<rows.count {
        // The server has decided; see to it that it decided alike.
        if let filter, !filter.matches(try rows.metadata(row)) { continue }
        guard try body(rows, row) else { return }
      }
      guard rows.count == size else { return }
      last = try rows.id(size - 1)
    }
  }

  /// Rows a part such that its message stays far below the server's limits.
  static func partSize(bytesPerRow: Int) -> Int { min(max((32 << 20) / bytesPerRow, 1), 8_192) }

  /// Bytes of a document's row at most, about.
  static func documentBytes(_ collection: StoredCollection, vectors: Bool) -> Int {
    2 * RowLimits.textBytes + RowLimits.metadataBytes + (vectors ? collection.contract.dimension * 4 : 0)
  }

  /// The documents of these ids, by the bytes of their ids.
  func documents(
    _ collection: StoredCollection, ids: [String], vectors: Bool
  ) async throws(RetrievalError) -> [[UInt8]: EmbeddedDocument] {
    let size = Self.partSize(bytesPerRow: Self.documentBytes(collection, vectors: vectors))
    let fields = Field.document + (vectors ? [Field.vector] : [])
    let parts = try await concurrently(Self.parts(ids, of: size)) {
      [self] ids throws(RetrievalError) -> [EmbeddedDocument] in
      let rows = try await query(collection, where: Expression.isOneOf(ids), fields: fields)
      var documents: [EmbeddedDocument] = []
      for row in 0..<rows.count {
        documents.append(
          EmbeddedDocument(
            document: try rows.document(row), vector: vectors ? Array(try rows.vector(row)) : []))
      }
      return documents
    }
    return Dictionary(
      parts.joined().map { (Array($0.document.id.utf8), $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Which of these ids are in the collection.
  func existing(
    _ collection: StoredCollection, ids: [String]
  ) async throws(RetrievalError) -> [String] {
    let parts = try await concurrently(Self.parts(ids, of: 1_024)) {
      [self] ids throws(RetrievalError) -> [String] in
      let rows = try await query(collection, where: Expression.isOneOf(ids), fields: [Field.id])
      var found: [String] = []
      for row in 0..<rows.count { found.append(try rows.id(row)) }
      return found
    }
    return parts.flatMap(\.self)
  }

  static func parts<Element>(_ elements: [Element], of size: Int) -> [[Element]] {
    stride(from: 0, to: elements.count, by: size).map {
      Array(elements[$0..<min($0 + size, elements.count)])
    }
  }

  /// Maps with some calls at a time; the results are in the order of the elements.
  func concurrently<Element: Sendable, Result: Sendable>(
    _ elements: [Element],
    _ body: @escaping @Sendable (Element) async throws(RetrievalError) -> Result
  ) async throws(RetrievalError) -> [Result] {
    if elements.count == 1, let only = elements.first { return [try await body(only)] }
    let width = 8
    let found = await withTaskGroup(of: (Int, Swift.Result<Result, RetrievalError>).self) { group in
      func start(_ index: Int) {
        guard index < elements.count else { return }
        let element = elements[index]
        group.addTask {
          do throws(RetrievalError) {
            return (index, .success(try await body(element)))
          } catch {
            return (index, .failure(error))
          }
        }
      }
      for index in 0..<width { start(index) }
      var found: [Int: Swift.Result<Result, RetrievalError>] = [:]
      var next = width
      while let (index, result) = await group.next() {
        found[index] = result
        if case .failure = result {
          group.cancelAll()
          return [index: result]
        }
        start(next)
        next += 1
      }
      return found
    }
    var results: [Result] = []
    for index in found.keys.sorted() {
      if let result = found[index] { results.append(try result.get()) }
    }
    return results
  }
}
