/// Bounds on what one caller may ask at once; each is also told to callers by `GetModel`.
public struct ServiceLimits: Sendable, Equatable {
  /// Texts in one unary call. Longer lists belong in a stream: 512 vectors of 1,024 components still fit the 4 MiB
  /// that gRPC clients accept by default.
  public var maximumTexts: Int
  /// UTF-8 bytes of one text. Far above any model's length limit, low enough to bound tokenization.
  public var maximumTextBytes: Int
  /// Bytes of one request message after decompression.
  public var maximumMessageBytes: Int
  /// Texts of one stream in work or waiting for the client to read their results.
  public var streamWindow: Int

  public init(
    maximumTexts: Int = 512, maximumTextBytes: Int = 1 << 20,
    maximumMessageBytes: Int = 4 << 20, streamWindow: Int = 512
  ) {
    self.maximumTexts = maximumTexts
    self.maximumTextBytes = maximumTextBytes
    self.maximumMessageBytes = maximumMessageBytes
    self.streamWindow = streamWindow
  }
}
