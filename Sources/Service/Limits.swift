/// Bounds on what one caller may ask at once; each is also told to callers by `GetModel`.
public struct ServiceLimits: Sendable, Equatable {
  /// Texts in one unary call. Longer lists belong in a stream: 512 vectors of 1,024 components still fit the 4 MiB
  /// that gRPC clients accept by default.
  public var maximumTexts: Int
  /// Texts in one message of a stream: an empty text takes two bytes on the wire and dozens in memory.
  public var maximumStreamTexts: Int
  /// UTF-8 bytes of one text. Far above any model's length limit, low enough to bound tokenization.
  public var maximumTextBytes: Int
  /// Bytes of one request message after decompression.
  public var maximumMessageBytes: Int
  /// Texts of one stream in work or waiting for the client to read their results.
  public var streamWindow: Int

  /// UTF-8 bytes of an instruction. It is tokenized again with every text of its call, so a long one would cost
  /// far more work than it weighs in the message; real ones are a sentence.
  public static let maximumInstructionBytes = 4_096

  public init(
    maximumTexts: Int = 512, maximumStreamTexts: Int = 16_384, maximumTextBytes: Int = 1 << 20,
    maximumMessageBytes: Int = 4 << 20, streamWindow: Int = 512
  ) {
    self.maximumTexts = maximumTexts
    self.maximumStreamTexts = maximumStreamTexts
    self.maximumTextBytes = maximumTextBytes
    self.maximumMessageBytes = maximumMessageBytes
    self.streamWindow = streamWindow
  }
}
