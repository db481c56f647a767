import GRPCTransport
import Retrieval

/// Why a call to Milvus failed, as far as the store does something about it.
struct MilvusError: Error {
  enum Kind: Equatable {
    /// No such collection.
    case notFound
    /// The collection is not in the server's memory.
    case notLoaded
    case cancelled
    /// Nothing there, or it cannot take the call now.
    case unavailable
    case other
  }

  let kind: Kind
  /// Whether the very same call may succeed soon.
  let isTransient: Bool
  /// Names the address and the remedy, never a document's text.
  let message: String
  var code = RetrievalError.Code.storage

  /// What a store's caller is told.
  var retrievalError: RetrievalError { RetrievalError(code, message) }
}

extension MilvusError {
  /// A status other than success in a reply; nil for success.
  ///
  /// - Parameter withReason: whether the server's own words may be shown; they can quote documents.
  init?(_ status: Milvus_Proto_Common_Status, of method: String, at address: MilvusAddress, withReason: Bool)
  {
    guard status.code != 0 || status.errorCode != 0 else { return nil }
    let number = status.code != 0 ? status.code : status.errorCode
    let reason = withReason && !status.reason.isEmpty ? ": \(status.reason)" : ""
    let what = "Milvus at \(address) refused \(method) with code \(number)\(reason)"
    switch (status.code, status.errorCode) {
    case (100, _), (0, 4):
      self.init(
        kind: .notFound, isTransient: false, message: "the collection is not at \(address): make it first",
        code: .notFound)
    case (101, _):
      self.init(kind: .notLoaded, isTransient: false, message: what)
    case (800, _):
      self.init(
        kind: .other, isTransient: false,
        message: "there is no database '\(address.database)' at \(address): make it, or give another",
        code: .invalidArgument)
    default:
      self.init(
        kind: .other, isTransient: status.retriable,
        message: withReason ? what : "\(what); the server's log has the reason")
    }
  }

  /// A call that did not reach the server or was not answered.
  init(_ error: GRPCError, of method: String, at address: MilvusAddress) {
    switch error.code {
    case .cancelled where Task.isCancelled:
      self.init(
        kind: .cancelled, isTransient: false, message: "the operation was cancelled", code: .cancelled)
    case .unavailable, .cancelled:
      self.init(
        kind: .unavailable, isTransient: true,
        message: "no Milvus server answers at \(address): start it, or check the address")
    case .unauthenticated, .permissionDenied:
      let remedy =
        address.credentials == nil
        ? "it asks for a user: give milvus://user:password@host:port"
        : "it refuses this user, password or token, or the user may not do this: check them"
      self.init(kind: .other, isTransient: false, message: "Milvus at \(address): \(remedy)")
    case .deadlineExceeded:
      self.init(
        kind: .other, isTransient: false,
        message: "Milvus at \(address) did not answer \(method) in time: see whether it is overloaded")
    case .unimplemented:
      self.init(
        kind: .other, isTransient: false,
        message: "the server at \(address) has no \(method): it is no Milvus, or one before 2.4")
    case .resourceExhausted:
      self.init(
        kind: .other, isTransient: true,
        message:
          "Milvus at \(address) takes no such load in \(method): ask for less at once, or raise its quota")
    default:
      self.init(
        kind: .other, isTransient: false,
        message: "\(method) at \(address) failed (gRPC status \(error.code)): is a Milvus server there?")
    }
  }
}

/// A reply that says whether the call succeeded.
protocol MilvusReply {
  var outcome: Milvus_Proto_Common_Status { get }
}

extension Milvus_Proto_Common_Status: MilvusReply {
  var outcome: Self { self }
}

extension Milvus_Proto_Milvus_DescribeCollectionResponse: MilvusReply {
  var outcome: Milvus_Proto_Common_Status { status }
}

extension Milvus_Proto_Milvus_ShowCollectionsResponse: MilvusReply {
  var outcome: Milvus_Proto_Common_Status { status }
}

extension Milvus_Proto_Milvus_GetLoadStateResponse: MilvusReply {
  var outcome: Milvus_Proto_Common_Status { status }
}

extension Milvus_Proto_Milvus_MutationResult: MilvusReply {
  var outcome: Milvus_Proto_Common_Status { status }
}

extension Milvus_Proto_Milvus_SearchResults: MilvusReply {
  var outcome: Milvus_Proto_Common_Status { status }
}

extension Milvus_Proto_Milvus_QueryResults: MilvusReply {
  var outcome: Milvus_Proto_Common_Status { status }
}
