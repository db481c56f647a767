import CNghttp2

/// The functions nghttp2 calls while it reads and writes. Each only notes what happened in the
/// session's `SessionState` (the user data).
enum Callbacks {
  static func install(in callbacks: OpaquePointer) {
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, onBeginHeaders)
    nghttp2_session_callbacks_set_on_header_callback(callbacks, onHeader)
    nghttp2_session_callbacks_set_on_invalid_header_callback(callbacks, onInvalidHeader)
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, onDataChunk)
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, onFrame)
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, onStreamClose)
  }

  /// The provider of every stream's body: hands buffered bytes to nghttp2.
  static let provider = nghttp2_data_provider(
    source: nghttp2_data_source(ptr: nil), read_callback: readData)
}

private func state(_ userData: UnsafeMutableRawPointer?) -> SessionState? {
  userData.map { Unmanaged<SessionState>.fromOpaque($0).takeUnretainedValue() }
}

private func has(_ flags: UInt8, _ flag: nghttp2_flag) -> Bool {
  UInt32(flags) & flag.rawValue != 0
}

/// Resets the stream of the header block being read and drops the rest of the block.
private func refuse(
  _ session: OpaquePointer?, _ stream: Int32, _ errorCode: UInt32
) -> Int32 {
  nghttp2_submit_rst_stream(session, UInt8(NGHTTP2_FLAG_NONE.rawValue), stream, errorCode)
  return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue
}

// MARK: - Inbound

private let onBeginHeaders: nghttp2_on_begin_headers_callback = { _, frame, userData in
  guard let state = state(userData), let frame = frame?.pointee else { return 0 }
  if frame.headers.cat == NGHTTP2_HCAT_REQUEST {
    state.streams[frame.hd.stream_id] = StreamState(outbound: .idle, isKnownToUser: false)
  }
  state.block.begin()
  return 0
}

private let onHeader: nghttp2_on_header_callback = {
  session, frame, name, nameLength, value, valueLength, _, userData in
  guard let state = state(userData), let frame = frame?.pointee else { return 0 }
  let fits = state.block.append(
    name: UnsafeBufferPointer(start: name, count: nameLength),
    value: UnsafeBufferPointer(start: value, count: valueLength))
  return fits ? 0 : refuse(session, frame.hd.stream_id, Session.ErrorCode.enhanceYourCalm)
}

/// nghttp2 would silently drop an invalid field; a malformed block is a stream error instead.
private let onInvalidHeader: nghttp2_on_invalid_header_callback = {
  session, frame, _, _, _, _, _, _ in
  guard let frame = frame?.pointee else { return 0 }
  return refuse(session, frame.hd.stream_id, Session.ErrorCode.protocolError)
}

private let onDataChunk: nghttp2_on_data_chunk_recv_callback = {
  session, _, stream, data, length, userData in
  guard let state = state(userData) else { return 0 }
  if !state.dataReceived(stream: stream, UnsafeBufferPointer(start: data, count: length)) {
    nghttp2_session_consume_connection(session, length)
  }
  return 0
}

private let onFrame: nghttp2_on_frame_recv_callback = { session, frame, userData in
  guard let state = state(userData), let frame = frame?.pointee else { return 0 }
  let stream = frame.hd.stream_id
  let endStream = has(frame.hd.flags, NGHTTP2_FLAG_END_STREAM)
  switch nghttp2_frame_type(UInt32(frame.hd.type)) {
  case NGHTTP2_HEADERS:
    if frame.headers.cat == NGHTTP2_HCAT_REQUEST { shareFairly(session, stream) }
    state.headersReceived(stream: stream, endStream: endStream)
  case NGHTTP2_DATA:
    state.dataFrameCompleted(stream: stream, endStream: endStream)
  case NGHTTP2_RST_STREAM:
    state.resetsReceived += 1
  case NGHTTP2_SETTINGS where !has(frame.hd.flags, NGHTTP2_FLAG_ACK):
    let limit = nghttp2_session_get_remote_settings(
      session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS)
    state.events.append(.settings(maximumConcurrentStreams: limit == .max ? nil : limit))
  case NGHTTP2_PING where has(frame.hd.flags, NGHTTP2_FLAG_ACK):
    let payload = withUnsafeBytes(of: frame.ping.opaque_data) { bytes in
      bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
    state.events.append(.pingAcknowledged(payload))
  case NGHTTP2_GOAWAY:
    state.events.append(
      .goAway(lastStream: frame.goaway.last_stream_id, errorCode: frame.goaway.error_code))
  default:
    break
  }
  return 0
}

/// Streams take turns whatever priority the client asks for; by default nghttp2 would finish the
/// oldest first, and one long stream would hold up all others.
private func shareFairly(_ session: OpaquePointer?, _ stream: Int32) {
  var priority = nghttp2_extpri(urgency: UInt32(NGHTTP2_EXTPRI_DEFAULT_URGENCY), inc: 1)
  nghttp2_session_change_extpri_stream_priority(session, stream, &priority, 1)
}

private let onStreamClose: nghttp2_on_stream_close_callback = {
  session, stream, errorCode, userData in
  let owed = state(userData)?.closed(stream: stream, errorCode: errorCode) ?? 0
  if owed > 0 { nghttp2_session_consume_connection(session, owed) }
  return 0
}

// MARK: - Outbound

private let readData: nghttp2_data_source_read_callback = {
  session, id, target, length, flags, _, userData in
  guard let state = state(userData), let stream = state.streams[id], let target, let flags else {
    return Int(NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE.rawValue)
  }
  let count = state.moveBuffered(
    of: id, stream, to: UnsafeMutableRawBufferPointer(start: target, count: length))
  guard stream.buffer.isEmpty else { return count }
  switch stream.outbound {
  case .endsAfterData:
    stream.outbound = .ended
    flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue
  case .trailersAfterData(let trailers):
    stream.outbound = .ended
    flags.pointee |= NGHTTP2_DATA_FLAG_EOF.rawValue | NGHTTP2_DATA_FLAG_NO_END_STREAM.rawValue
    let result = state.encoder.encode(trailers) { nghttp2_submit_trailer(session, id, $0, $1) }
    if result != 0 { return Int(NGHTTP2_ERR_CALLBACK_FAILURE.rawValue) }
  default:
    if count == 0 {
      stream.isDeferred = true
      return Int(NGHTTP2_ERR_DEFERRED.rawValue)
    }
  }
  return count
}
