extension Session {
  /// Limits and windows of one connection. Every value has a default fit for a gRPC server.
  public struct Configuration: Sendable {
    /// Streams the peer may have open at once; server only. Default 1000.
    ///
    /// Streams beyond it are refused (RST_STREAM, REFUSED_STREAM) until the peer has acknowledged
    /// our SETTINGS; after that, exceeding it is a connection error.
    public var maximumConcurrentStreams: UInt32 = 1000

    /// Bytes the peer may send on one stream before we give credit back. Default 256 KiB.
    public var initialWindow: Int32 = 256 << 10

    /// Bytes the peer may send on all streams together before we give credit back. Default 1 MiB.
    ///
    /// HTTP/2 grants 65 535 bytes from the start; a smaller value is reached as those are used up.
    public var connectionWindow: Int32 = 1 << 20

    /// Largest frame payload accepted, 16 384 ... 16 777 215 bytes. Default 16 384.
    public var maximumFrameSize: UInt32 = 16_384

    /// Largest header block accepted: the sum of name bytes + value bytes + 32 per field. Default
    /// 16 KiB. A larger one gets RST_STREAM with ENHANCE_YOUR_CALM and is never shown to the user.
    public var maximumHeaderListSize: UInt32 = 16 << 10

    /// Most fields accepted in one header block, pseudo-headers included. Default 128. More than
    /// that is handled like a block that is too large.
    public var maximumHeaderCount = 128

    /// `Event.drained` is armed once a stream has more than this many bytes waiting. Default 64
    /// KiB.
    public var highWatermark = 64 << 10

    /// `Event.drained` comes when an armed stream has this many bytes waiting or fewer. Default
    /// 32 KiB.
    public var lowWatermark = 32 << 10

    /// PING and SETTINGS acknowledgements that may wait to be sent. Default 1000. One more ends the
    /// connection with `HTTP2Error.Code.flooded`.
    public var maximumQueuedAcknowledgements = 1000

    /// All frames the peer's frames may make us queue (acknowledgements, resets, window updates),
    /// plus the resets it may send, while it does not read. Default 4096. One more ends the
    /// connection with `flooded`.
    public var maximumQueuedReplies = 4096

    /// CONTINUATION frames accepted after one HEADERS frame. Default 8. More end the connection.
    public var maximumContinuations = 8

    /// RST_STREAM frames accepted at once; a token bucket, server only. Default 1000. When it is
    /// empty the peer gets GOAWAY (INTERNAL_ERROR): open streams finish, no more are taken.
    public var resetBurst: UInt64 = 1000

    /// Tokens that `resetBurst` gets back, per second. Default 100.
    public var resetRate: UInt64 = 100

    public init() {}

    /// Throws `badCommand` for a value HTTP/2 does not allow.
    func check() throws(HTTP2Error) {
      guard initialWindow >= 0, connectionWindow > 0 else {
        throw HTTP2Error(
          code: .badCommand,
          message: "windows of \(initialWindow) and \(connectionWindow) bytes: a stream's window "
            + "is 0 or more, the connection's 1 or more")
      }
      guard (16_384...16_777_215).contains(maximumFrameSize) else {
        throw HTTP2Error(
          code: .badCommand,
          message: "maximumFrameSize \(maximumFrameSize) is not in 16384...16777215")
      }
    }
  }
}
