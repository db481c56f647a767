extension Session {
  /// Which end of the connection we are.
  public enum Role: Sendable, Equatable {
    case server, client
  }

  /// One header field.
  ///
  /// Inbound names are lower-case, as HTTP/2 demands. HTTP/2 lets bytes 0x80 ... 0xFF into values;
  /// a value that is not UTF-8 is repaired with U+FFFD, so compare values only as far as they are
  /// ASCII (gRPC binary metadata is base64 and passes unchanged).
  public struct Header: Sendable, Equatable {
    public var name: String
    public var value: String

    public init(name: String, value: String) {
      self.name = name
      self.value = value
    }

    /// Shorthand: `Header(":status", "200")`.
    public init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  /// What happened on the connection, in order.
  ///
  /// Per stream: one `headers`, any number of `data`, at most one `trailers`, then `streamClosed`.
  public enum Event: Sendable, Equatable {
    /// The first block of a stream: the request (server) or the final response (client; interim 1xx
    /// responses are not shown).
    case headers(stream: Int32, [Header], endStream: Bool)
    /// The block after the body; always ends the inbound side of the stream.
    case trailers(stream: Int32, [Header])
    /// The payload of one whole DATA frame without padding, however the bytes arrived. Exactly
    /// `bytes.count` bytes of credit are owed through `consumed(stream:_:)`; padding is credited by
    /// the session. Empty only if `endStream`.
    case data(stream: Int32, [UInt8], endStream: Bool)
    /// The stream is gone: both sides ended, or either side reset it. Always the last event of a
    /// stream, and given once for every stream the user knows. `errorCode` is 0 for a normal end.
    case streamClosed(stream: Int32, errorCode: UInt32)
    /// The bytes waiting on the stream fell to `lowWatermark` after having been above
    /// `highWatermark`. Arises while draining.
    case drained(stream: Int32)
    /// The peer will not take streams above `lastStream`. Streams of ours above it get
    /// `streamClosed` with REFUSED_STREAM and may be retried elsewhere.
    case goAway(lastStream: Int32, errorCode: UInt32)
    /// The answer to `ping(_:)`.
    case pingAcknowledged(UInt64)
    /// The peer's SETTINGS arrived. nil: the peer sets no limit on the streams we may open.
    case settings(maximumConcurrentStreams: UInt32?)
  }

  /// The error codes of RST_STREAM and GOAWAY (RFC 9113 §7).
  public enum ErrorCode {
    public static let noError: UInt32 = 0x0
    public static let protocolError: UInt32 = 0x1
    public static let internalError: UInt32 = 0x2
    public static let flowControlError: UInt32 = 0x3
    public static let settingsTimeout: UInt32 = 0x4
    public static let streamClosed: UInt32 = 0x5
    public static let frameSizeError: UInt32 = 0x6
    public static let refusedStream: UInt32 = 0x7
    public static let cancel: UInt32 = 0x8
    public static let compressionError: UInt32 = 0x9
    public static let connectError: UInt32 = 0xA
    public static let enhanceYourCalm: UInt32 = 0xB
    public static let inadequateSecurity: UInt32 = 0xC
    public static let http11Required: UInt32 = 0xD
  }
}
