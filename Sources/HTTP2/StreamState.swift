/// What the session remembers of one open stream; nghttp2 keeps the protocol's own state.
final class StreamState {
  /// How far our side of the stream has come.
  enum Outbound {
    /// The server has not responded yet.
    case idle
    /// Headers are submitted; data may follow.
    case open
    /// END_STREAM goes out with the last buffered byte.
    case endsAfterData
    /// These trailers go out behind the last buffered byte.
    case trailersAfterData([Session.Header])
    /// The end of the stream is in nghttp2's hands.
    case ended
    /// We reset the stream; only `streamClosed` is still to come.
    case reset
  }

  var outbound: Outbound
  var buffer = OutboundBuffer()
  /// nghttp2 asked for data, found none and must be told when there is some.
  var isDeferred = false
  /// The buffer rose above the high watermark and has not yet fallen to the low one.
  var isAboveWatermark = false

  /// The user has seen this stream: `headers` was given out, or `openRequest` returned it.
  var isKnownToUser: Bool
  /// The final header block arrived, so another block is trailers.
  var hasInboundHeaders = false
  /// Bytes given out in `data` (or arriving in an unfinished frame) without credit returned yet.
  var unconsumed = 0

  init(outbound: Outbound, isKnownToUser: Bool) {
    self.outbound = outbound
    self.isKnownToUser = isKnownToUser
  }
}
