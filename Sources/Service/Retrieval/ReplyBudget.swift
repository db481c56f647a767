import Retrieval

/// Counts documents while they are collected: a small request can ask for gigabytes, by naming a large document
/// often or by finding many.
struct ReplyBudget {
  private let limit: Int
  private let what: String
  private let remedy: String
  private var bytes = 0

  /// - Parameters:
  ///   - what: has the bytes, for the message of a refusal.
  ///   - remedy: what the client can do about it.
  init(_ limits: RetrievalLimits, _ what: String, remedy: String) {
    limit = limits.maximumReplyBytes
    self.what = what
    self.remedy = remedy
  }

  /// - Throws: `invalidArgument` if there is no room for so many copies of the document.
  mutating func add(_ document: Document, vector: [Float] = [], times: Int = 1) throws(ServiceError) {
    bytes += EmbeddedDocument(document: document, vector: vector).replyBytes * times
    guard bytes <= limit else {
      throw ServiceError(
        .invalidArgument, "\(what) have more than \(limit) bytes, the limit of one reply; \(remedy)")
    }
  }
}

extension EmbeddedDocument {
  /// Bytes it takes in a reply, about: what it holds, and a little for whatever surrounds each part.
  var replyBytes: Int {
    let part = 16
    var bytes = 2 * part + document.id.utf8.count + document.title.utf8.count + document.text.utf8.count
    for (field, value) in document.metadata {
      bytes += part + field.utf8.count
      switch value {
      case .string(let string): bytes += string.utf8.count
      case .strings(let strings): bytes += strings.reduce(0) { $0 + part + $1.utf8.count }
      case .number, .bool: break
      }
    }
    return bytes + vector.count * MemoryLayout<Float>.size
  }
}

extension RetrievalService {
  /// Documents taken from the store at once: what is read before it is counted is bounded too.
  static let documentsAtOnce = 64

  /// The documents that exist, by the bytes of their ids; fetched once, counted as often as they are named.
  func documents(
    _ ids: [String], from collection: String, vectors: Bool, within budget: inout ReplyBudget
  ) async throws(ServiceError) -> [[UInt8]: EmbeddedDocument] {
    // By bytes: to Swift, strings are equal that no store takes for one id.
    var times: [[UInt8]: Int] = [:]
    var unique: [String] = []
    for id in ids {
      let count = times[Array(id.utf8), default: 0]
      if count == 0 { unique.append(id) }
      times[Array(id.utf8)] = count + 1
    }
    var documents: [[UInt8]: EmbeddedDocument] = [:]
    for start in stride(from: 0, to: unique.count, by: Self.documentsAtOnce) {
      let part = Array(unique[start..<min(start + Self.documentsAtOnce, unique.count)])
      let found = try await stored { () async throws(RetrievalError) in
        try await store.get(ids: part, from: collection, vectors: vectors)
      }
      for document in found.compactMap(\.self) {
        let key = Array(document.document.id.utf8)
        try budget.add(document.document, vector: document.vector, times: times[key] ?? 1)
        documents[key] = document
      }
    }
    return documents
  }
}
