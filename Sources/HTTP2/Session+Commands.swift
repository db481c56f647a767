import CNghttp2

private let noFlags = UInt8(NGHTTP2_FLAG_NONE.rawValue)

// Commands queue frames; nothing leaves before `drain`. A command for a stream that has closed
// throws `unknownStream`, one that comes at the wrong time `badCommand`; neither harms the
// connection.
extension Session {
  /// Opens a stream (client). Beyond the peer's stream limit the request waits in here until
  /// another stream closes; `Event.settings` tells the limit.
  ///
  /// - Parameter headers: pseudo-headers first, names lower-case.
  /// - Returns: the new stream.
  /// - Throws: `badCommand` if we are the server, the connection is going away (GOAWAY in either
  ///   direction), stream numbers are used up, or a field cannot be sent.
  public func openRequest(_ headers: [Header], endStream: Bool) throws(HTTP2Error) -> Int32 {
    guard role == .client, nghttp2_session_check_request_allowed(handle.pointer) != 0 else {
      throw HTTP2Error(
        code: .badCommand,
        message: "no request can be opened: this is a server, or the connection is going away; "
          + "open a new connection")
    }
    try state.encoder.check(headers)
    var provider = Callbacks.provider
    let result = state.encoder.encode(headers) { fields, count in
      endStream
        ? nghttp2_submit_request(handle.pointer, nil, fields, count, nil, nil)
        : nghttp2_submit_request(handle.pointer, nil, fields, count, &provider, nil)
    }
    try HTTP2Error.check(result, "open a request")
    state.streams[result] = StreamState(
      outbound: endStream ? .ended : .open, isKnownToUser: true)
    return result
  }

  /// Sends the response headers (server). With `endStream` they are the whole response
  /// (trailers-only, in gRPC's words).
  public func respond(
    stream id: Int32, _ headers: [Header], endStream: Bool
  ) throws(HTTP2Error) {
    let stream = try stream(id)
    guard role == .server, case .idle = stream.outbound else {
      throw HTTP2Error(
        code: .badCommand,
        message: "stream \(id) cannot be responded to: only a server responds, and only once")
    }
    try state.encoder.check(headers)
    var provider = Callbacks.provider
    let result = state.encoder.encode(headers) { fields, count in
      endStream
        ? nghttp2_submit_response(handle.pointer, id, fields, count, nil)
        : nghttp2_submit_response(handle.pointer, id, fields, count, &provider)
    }
    try HTTP2Error.check(result, "respond on stream \(id)")
    stream.outbound = endStream ? .ended : .open
  }

  /// Queues bytes of the body; several arrays go out as one run of bytes. Arrays above 512 bytes
  /// are kept without copying.
  ///
  /// Takes any amount: watch `bufferedBytes(stream:)` and wait for `Event.drained` above the high
  /// watermark.
  public func send(
    stream id: Int32, _ bytes: [UInt8]..., endStream: Bool
  ) throws(HTTP2Error) {
    let stream = try openStream(id)
    let before = stream.buffer.count
    for chunk in bytes { stream.buffer.append(chunk) }
    wake(id, stream, queued: stream.buffer.count - before, endStream: endStream)
  }

  /// Queues a copy of `bytes`, for callers whose bytes are not in an array.
  public func send(
    stream id: Int32, copying bytes: UnsafeRawBufferPointer, endStream: Bool
  ) throws(HTTP2Error) {
    let stream = try openStream(id)
    stream.buffer.append(copying: bytes)
    wake(id, stream, queued: bytes.count, endStream: endStream)
  }

  /// Ends our side with a header block behind the bytes queued so far. The response headers
  /// (server) must have been sent.
  public func sendTrailers(stream id: Int32, _ headers: [Header]) throws(HTTP2Error) {
    let stream = try openStream(id)
    try state.encoder.check(headers)
    // With nothing before them trailers need neither the data provider nor room in the peer's
    // window. A client's request may itself still be waiting for a free stream; trailers must not
    // overtake it, and a deferred provider proves that it is out.
    if stream.buffer.isEmpty, role == .server || stream.isDeferred {
      stream.outbound = .ended
      let result = state.encoder.encode(headers) {
        nghttp2_submit_trailer(handle.pointer, id, $0, $1)
      }
      try HTTP2Error.check(result, "send trailers on stream \(id)")
    } else {
      stream.outbound = .trailersAfterData(headers)
    }
  }

  /// Returns credit for `count` bytes of `Event.data` on the stream, and on the connection. More
  /// than was received is ignored; so is a closed stream, whose credit came back when it closed.
  public func consumed(stream id: Int32, _ count: Int) {
    guard let stream = state.streams[id] else { return }
    let count = min(count, stream.unconsumed)
    guard count > 0 else { return }
    stream.unconsumed -= count
    nghttp2_session_consume(handle.pointer, id, count)
  }

  /// Ends the stream at once in both directions and drops its queued bytes. `streamClosed` follows
  /// when the frame is drained. Nothing happens if the stream is unknown.
  public func reset(stream id: Int32, errorCode: UInt32) {
    guard let stream = state.streams[id] else { return }
    if case .reset = stream.outbound { return }
    stream.outbound = .reset
    state.discardBuffer(of: stream)
    // A request still waiting for a free stream is unknown to nghttp2's stream table.
    let isOnWire = nghttp2_session_get_stream_local_close(handle.pointer, id) >= 0
    nghttp2_submit_rst_stream(handle.pointer, noFlags, id, errorCode)
    if !isOnWire { _ = state.closed(stream: id, errorCode: errorCode) }
  }

  /// Sends a PING; `Event.pingAcknowledged` brings `payload` back.
  public func ping(_ payload: UInt64) {
    withUnsafeBytes(of: payload.bigEndian) { bytes in
      _ = bytes.withMemoryRebound(to: UInt8.self) {
        nghttp2_submit_ping(handle.pointer, noFlags, $0.baseAddress)
      }
    }
  }

  /// Asks the client to open no more streams (GOAWAY with stream 2³¹−1); those on their way are
  /// still taken. Follow with `goAway(errorCode:)` a round trip later. Server only; else nothing
  /// happens.
  public func announceShutdown() {
    nghttp2_submit_shutdown_notice(handle.pointer)
  }

  /// Sends GOAWAY with the last stream taken. Open streams go on; newer ones are ignored. The
  /// session is finished once the last stream has closed.
  public func goAway(errorCode: UInt32) {
    let last = nghttp2_session_get_last_proc_stream_id(handle.pointer)
    nghttp2_submit_goaway(handle.pointer, noFlags, last, errorCode, nil, 0)
  }

  // MARK: Helpers

  private func stream(_ id: Int32) throws(HTTP2Error) -> StreamState {
    guard let stream = state.streams[id] else {
      throw HTTP2Error(
        code: .unknownStream, message: "stream \(id) does not exist or has closed")
    }
    return stream
  }

  /// The stream, if our headers went out and our end did not.
  private func openStream(_ id: Int32) throws(HTTP2Error) -> StreamState {
    let stream = try stream(id)
    guard case .open = stream.outbound else {
      throw HTTP2Error(
        code: .badCommand,
        message: "stream \(id) takes no body: our headers were not sent, or our side has ended")
    }
    return stream
  }

  private func wake(_ id: Int32, _ stream: StreamState, queued count: Int, endStream: Bool) {
    state.queued(count, on: stream)
    if endStream { stream.outbound = .endsAfterData }
    guard stream.isDeferred, count > 0 || endStream else { return }
    stream.isDeferred = false
    nghttp2_session_resume_data(handle.pointer, id)
  }
}
