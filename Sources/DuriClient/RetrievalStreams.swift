import GRPCTransport
import WireFormats

/// An open `UpsertStream`.
public final class UpsertClientStream: Sendable {
  private let call: ClientCall

  init(call: ClientCall) {
    self.call = call
  }

  /// Sends documents; waits while the server takes no more. The first message names the collection.
  public func send(_ request: Duri_V1_UpsertRequest) async throws(GRPCError) {
    try await call.send(try serialize(request))
  }

  /// Says that no more documents will come.
  public func finishSending() { call.finishSending() }

  /// The next acknowledgement: what it counts is stored and survives a crash. nil after the last.
  public func next() async throws(GRPCError) -> Duri_V1_UpsertResponse? {
    guard let message = try await call.nextMessage() else { return nil }
    return try parse(message)
  }

  /// Gives the stream up; documents that were not acknowledged may or may not be stored.
  public func cancel() { call.cancel() }
}

/// An open `Export`.
public final class ExportStream: Sendable {
  private let call: ClientCall

  init(call: ClientCall) {
    self.call = call
  }

  /// The next documents; nil after the last.
  public func next() async throws(GRPCError) -> [Duri_V1_StoredDocument]? {
    guard let message = try await call.nextMessage() else { return nil }
    let response: Duri_V1_ExportResponse = try parse(message)
    return response.documents
  }

  public func cancel() { call.cancel() }
}
