import CNghttp2

/// What nghttp2's callbacks read and change: the open streams and the events collected so far.
///
/// Callbacks get it as their user data. It never calls back into `Session`, so nothing here is
/// re-entrant: callbacks only note what happened.
final class SessionState {
  let role: Session.Role
  let configuration: Session.Configuration
  let encoder = HeaderEncoder()
  var streams: [Int32: StreamState] = [:]
  var events: [Session.Event] = []
  var block: HeaderBlock
  /// Bytes waiting in the buffers of all streams.
  var bufferedBytes = 0
  /// RST_STREAM frames received so far.
  var resetsReceived = 0

  /// The payload of the DATA frame being received, as far as it has come; frames do not interleave.
  private var frame: [UInt8] = []
  private var frameStream: Int32 = 0

  init(role: Session.Role, configuration: Session.Configuration) {
    self.role = role
    self.configuration = configuration
    block = HeaderBlock(
      maximumSize: Int(configuration.maximumHeaderListSize),
      maximumCount: configuration.maximumHeaderCount)
  }

  // MARK: Inbound

  func headersReceived(stream id: Int32, endStream: Bool) {
    let headers = block.take()
    guard let stream = streams[id] else { return }
    if stream.hasInboundHeaders {
      events.append(.trailers(stream: id, headers))
    } else if role == .server || !Self.isInterim(headers) {
      stream.hasInboundHeaders = true
      stream.isKnownToUser = true
      events.append(.headers(stream: id, headers, endStream: endStream))
    }
  }

  private static func isInterim(_ headers: [Session.Header]) -> Bool {
    headers.first { $0.name == ":status" }?.value.utf8.first == UInt8(ascii: "1")
  }

  /// Returns false if nobody will ever consume these bytes.
  func dataReceived(stream id: Int32, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let stream = streams[id] else { return false }
    stream.unconsumed += bytes.count
    if frameStream == id, !frame.isEmpty {
      frame.append(contentsOf: bytes)
    } else {
      // A frame whose stream was reset half-way never completes; its bytes end here.
      frame = [UInt8](bytes)
      frameStream = id
    }
    return true
  }

  func dataFrameCompleted(stream id: Int32, endStream: Bool) {
    var bytes: [UInt8] = []
    if frameStream == id { swap(&bytes, &frame) }
    guard streams[id] != nil, endStream || !bytes.isEmpty else { return }
    events.append(.data(stream: id, bytes, endStream: endStream))
  }

  // MARK: Outbound

  func queued(_ count: Int, on stream: StreamState) {
    bufferedBytes += count
    if stream.buffer.count > configuration.highWatermark { stream.isAboveWatermark = true }
  }

  func moveBuffered(
    of id: Int32, _ stream: StreamState, to target: UnsafeMutableRawBufferPointer
  ) -> Int {
    let count = stream.buffer.moveFront(to: target)
    bufferedBytes -= count
    if stream.isAboveWatermark, stream.buffer.count <= configuration.lowWatermark {
      stream.isAboveWatermark = false
      events.append(.drained(stream: id))
    }
    return count
  }

  func discardBuffer(of stream: StreamState) {
    bufferedBytes -= stream.buffer.count
    stream.buffer.removeAll()
    stream.isAboveWatermark = false
  }

  // MARK: End of a stream

  /// Forgets the stream; returns the bytes for which the connection is owed credit.
  func closed(stream id: Int32, errorCode: UInt32) -> Int {
    guard let stream = streams.removeValue(forKey: id) else { return 0 }
    if frameStream == id { frame = [] }
    discardBuffer(of: stream)
    if stream.isKnownToUser {
      events.append(.streamClosed(stream: id, errorCode: errorCode))
    }
    return stream.unconsumed
  }
}
