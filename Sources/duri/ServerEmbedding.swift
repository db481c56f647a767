import DuriClient
import ModelFiles
import Service
import WireFormats

/// Embeds through a server's `EmbedStream`, in order.
struct ServerEmbedding {
  let address: Address
  /// Sent only if it is not the default, so that a server of any model answers the plain command.
  let model: String
  let options: TextOptions

  private static let chunkSize = 64

  func embed(_ source: TextSource, into run: inout EmbedRun) async throws {
    let client = try await EmbeddingsClient.connect(host: address.host, port: address.port)
    let stream = try await client.embedStream(settings)
    try await withThrowingTaskGroup(of: CommandError?.self) { group in
      group.addTask { try await send(source, to: stream) }
      do {
        while let items = try await stream.next() {
          for item in items { try run.write(result(item)) }
        }
      } catch {
        // A source that cannot be read ends the stream too, and says more.
        if case .some(.some(let failure)) = try? await group.next() { throw failure }
        throw error
      }
      while let failure = try await group.next() {
        if let failure { throw failure }
      }
    }
    await client.close()
  }

  /// Returns why the source could not be read to its end, if so; the stream is given up then.
  private func send(_ source: TextSource, to stream: EmbeddingsStream) async throws -> CommandError? {
    var texts = source.makeIterator()
    while true {
      let chunk = texts.next(Self.chunkSize)
      if let failure = texts.failure {
        stream.cancel()
        return failure
      }
      if chunk.isEmpty { break }
      try await stream.send(
        chunk.map { text in
          var item = Duri_V1_StreamText()
          item.text = text
          return item
        })
    }
    stream.finishSending()
    return nil
  }

  private var settings: Duri_V1_StreamSettings {
    var settings = Duri_V1_StreamSettings()
    if model != BuiltInModels.defaultName { settings.model = model }
    settings.role = Duri_V1_Role(options.role)
    if let instruction = options.instruction { settings.instruction = instruction }
    settings.options = Duri_V1_EmbedOptions(options.embedOptions)
    settings.ordered = true
    return settings
  }

  private func result(_ item: Duri_V1_StreamItem) -> EmbedResult {
    guard item.status.code == 0 else {
      return .failure(TextFailure(code: item.status.code, message: item.status.message))
    }
    return .success(TextVector(vector: item.embedding.values, receipt: item.receipt))
  }
}
