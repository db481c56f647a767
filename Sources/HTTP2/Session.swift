import CNghttp2

/// One HTTP/2 connection without I/O, in either role, over nghttp2.
///
/// Bytes from the peer go into `receive`, which returns events; commands queue frames; `drain`
/// hands out the bytes to send. After each `receive` and each batch of commands, call `drain`
/// while `wantsWrite` and while the socket takes bytes (a peer that does not read is noticed only
/// if bytes stay in here), then handle `takeEvents()`: draining closes streams and empties
/// buffers, so it makes events too.
///
/// **Threads.** Not `Sendable`: one session belongs to one event loop (one thread). No method may
/// be called from inside the closure given to `drain`.
///
/// **Flow control.** Credit goes back to the peer only through `consumed(stream:_:)`. When a stream
/// closes, the session gives the connection back whatever was not yet consumed, so the connection's
/// window never leaks; `consumed` for a closed stream does nothing.
///
/// **Ends.** `isFinished` says when to close the socket. A `badPreface`, `protocolViolation`,
/// `flooded` or `outOfMemory` thrown by `receive` or `drain` ends the connection: drain what is
/// left (the GOAWAY; not after `outOfMemory`) and close. Open streams get no further events then.
public final class Session {
  /// Input is handed to nghttp2 in steps of this many bytes, so that a flood is noticed early.
  private static let receiveStep = 16 << 10

  public let role: Role
  let state: SessionState
  let handle: SessionHandle
  /// Why the connection is over, once it is.
  private var failure: HTTP2Error?
  /// Frames that the peer's frames made us queue and that still wait (an upper bound), and the
  /// resets it sent meanwhile.
  private var queuedReplies = 0

  /// Makes a session and queues its SETTINGS (a client's preface too).
  ///
  /// - Throws: `badCommand` for a configuration HTTP/2 does not allow; `outOfMemory`.
  public init(role: Role, configuration: Configuration = Configuration()) throws(HTTP2Error) {
    try configuration.check()
    self.role = role
    state = SessionState(role: role, configuration: configuration)
    handle = try SessionHandle(state: state)
    try handle.announce(configuration)
  }

  // MARK: Bytes in, events out

  /// Takes bytes from the peer and returns what they mean, after any events that `drain` left.
  ///
  /// - Throws: `badPreface`, `protocolViolation`, `flooded`, `outOfMemory`; see **Ends** above.
  ///   Events of the bytes before the fault are left for `takeEvents()`. Throws the same again if
  ///   called again.
  public func receive(_ bytes: UnsafeRawBufferPointer) throws(HTTP2Error) -> [Event] {
    if let failure { throw failure }
    var rest = bytes[...]
    while !rest.isEmpty {
      let step = UnsafeRawBufferPointer(rebasing: rest.prefix(Self.receiveStep))
      rest = rest.dropFirst(step.count)
      try receiveStep(step)
    }
    if handle.isTerminating {
      let error = HTTP2Error(
        code: .protocolViolation,
        message: "the peer broke HTTP/2; a GOAWAY is queued, send it and close the connection")
      failure = error
      throw error
    }
    return takeEvents()
  }

  private func receiveStep(_ bytes: UnsafeRawBufferPointer) throws(HTTP2Error) {
    let queuedBefore = handle.queuedFrames
    let resetsBefore = state.resetsReceived
    let result = bytes.withMemoryRebound(to: UInt8.self) {
      nghttp2_session_mem_recv(handle.pointer, $0.baseAddress, $0.count)
    }
    guard result >= 0 else { throw fail(receiveResult: Int32(truncatingIfNeeded: result)) }
    queuedReplies += max(0, handle.queuedFrames - queuedBefore)
    queuedReplies += state.resetsReceived - resetsBefore
    let limit = state.configuration.maximumQueuedReplies
    if queuedReplies > limit {
      throw fail(
        HTTP2Error(
          code: .flooded,
          message: "the peer sent \(queuedReplies) frames that need a reply, or resets, without "
            + "reading; the limit is \(limit) (maximumQueuedReplies)"),
        goAwayCode: ErrorCode.enhanceYourCalm)
    }
  }

  private func fail(receiveResult result: Int32) -> HTTP2Error {
    switch result {
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC.rawValue:
      fail(
        HTTP2Error(
          code: .badPreface,
          message: "the peer's first bytes are not the HTTP/2 preface (HTTP/1.1 or TLS?); "
            + "use HTTP/2 with prior knowledge on this port"),
        goAwayCode: ErrorCode.protocolError)
    case NGHTTP2_ERR_FLOODED.rawValue:
      fail(
        HTTP2Error(
          code: .flooded,
          message: "the peer sent more frames that need an answer than it reads, or more "
            + "CONTINUATION frames than allowed"),
        goAwayCode: ErrorCode.enhanceYourCalm)
    case NGHTTP2_ERR_NOMEM.rawValue:
      fail(.outOfMemory, goAwayCode: nil)
    default:
      fail(
        HTTP2Error(
          code: .protocolViolation,
          message: HTTP2Error(result: result, action: "read the peer's frames").message),
        goAwayCode: ErrorCode.protocolError)
    }
  }

  func fail(_ error: HTTP2Error, goAwayCode: UInt32?) -> HTTP2Error {
    failure = error
    if let goAwayCode { nghttp2_session_terminate_session(handle.pointer, goAwayCode) }
    return error
  }

  /// Events since the last call (`receive` takes them too). `drain` and `reset` leave events here.
  public func takeEvents() -> [Event] {
    var taken: [Event] = []
    swap(&taken, &state.events)
    return taken
  }

  // MARK: Bytes out

  /// Gives the pending frames to `write`, one call per frame, until nothing is left or at least
  /// `limit` bytes went out; at most one frame more. The bytes are good only during the call.
  ///
  /// - Returns: the bytes given out.
  /// - Throws: `outOfMemory`; the connection is over.
  @discardableResult
  public func drain(
    limit: Int = .max, _ write: (UnsafeRawBufferPointer) -> Void
  ) throws(HTTP2Error) -> Int {
    if let failure, failure.code == .outOfMemory { throw failure }
    var total = 0
    while total < limit {
      var bytes: UnsafePointer<UInt8>?
      let count = nghttp2_session_mem_send(handle.pointer, &bytes)
      guard count >= 0 else { throw fail(.outOfMemory, goAwayCode: nil) }
      guard count > 0, let bytes else { break }
      write(UnsafeRawBufferPointer(start: bytes, count: count))
      total += count
    }
    queuedReplies = min(queuedReplies, handle.queuedFrames)
    return total
  }

  /// There are bytes to drain. Data held back by the peer's flow control does not count.
  public var wantsWrite: Bool {
    failure?.code != .outOfMemory && nghttp2_session_want_write(handle.pointer) != 0
  }

  /// Nothing is left to read or to write: close the socket. Comes after a connection error once its
  /// GOAWAY is drained, and after a GOAWAY from either side once the last stream has closed.
  public var isFinished: Bool {
    failure?.code == .outOfMemory
      || (nghttp2_session_want_read(handle.pointer) == 0 && !wantsWrite)
  }

  // MARK: Counts

  /// Bytes given to `send` on this stream that `drain` has not yet given out: held back by the
  /// socket, or by the peer's flow control. 0 for an unknown stream.
  public func bufferedBytes(stream: Int32) -> Int { state.streams[stream]?.buffer.count ?? 0 }

  /// The same for all streams together.
  public var bufferedBytes: Int { state.bufferedBytes }

  /// Streams that have not closed yet.
  public var openStreams: Int { state.streams.count }
}
