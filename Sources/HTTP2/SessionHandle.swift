import CNghttp2

/// The one owner of an `nghttp2_session`; frees it.
///
/// Keeps the `SessionState` alive, to which the handle's callbacks point without retaining it.
final class SessionHandle {
  let pointer: OpaquePointer
  private let state: SessionState

  init(state: SessionState) throws(HTTP2Error) {
    self.state = state
    let configuration = state.configuration

    var callbacks: OpaquePointer?
    guard nghttp2_session_callbacks_new(&callbacks) == 0, let callbacks else {
      throw .outOfMemory
    }
    defer { nghttp2_session_callbacks_del(callbacks) }
    Callbacks.install(in: callbacks)

    var option: OpaquePointer?
    guard nghttp2_option_new(&option) == 0, let option else { throw .outOfMemory }
    defer { nghttp2_option_del(option) }
    nghttp2_option_set_no_auto_window_update(option, 1)
    nghttp2_option_set_no_closed_streams(option, 1)
    nghttp2_option_set_max_reserved_remote_streams(option, 0)
    nghttp2_option_set_max_outbound_ack(
      option, max(0, configuration.maximumQueuedAcknowledgements))
    nghttp2_option_set_max_continuations(option, max(0, configuration.maximumContinuations))
    nghttp2_option_set_stream_reset_rate_limit(
      option, configuration.resetBurst, configuration.resetRate)

    // Not retained: `state` lives as long as this object, and callbacks run only inside calls made
    // through it.
    let userData = Unmanaged.passUnretained(state).toOpaque()
    var session: OpaquePointer?
    let result =
      switch state.role {
      case .server: nghttp2_session_server_new2(&session, callbacks, userData, option)
      case .client: nghttp2_session_client_new2(&session, callbacks, userData, option)
      }
    guard result == 0, let session else { throw .outOfMemory }
    pointer = session
  }

  deinit {
    nghttp2_session_del(pointer)
  }

  /// Queues our SETTINGS and widens the connection's window.
  func announce(_ configuration: Session.Configuration) throws(HTTP2Error) {
    var settings = [
      Self.entry(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, UInt32(configuration.initialWindow)),
      Self.entry(NGHTTP2_SETTINGS_MAX_FRAME_SIZE, configuration.maximumFrameSize),
      Self.entry(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, configuration.maximumHeaderListSize),
      // The priority tree of RFC 7540 costs memory and nobody needs it.
      Self.entry(NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1),
    ]
    switch state.role {
    case .server:
      settings.append(
        Self.entry(
          NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, configuration.maximumConcurrentStreams))
    case .client:
      settings.append(Self.entry(NGHTTP2_SETTINGS_ENABLE_PUSH, 0))
    }
    let flags = UInt8(NGHTTP2_FLAG_NONE.rawValue)
    try HTTP2Error.check(
      nghttp2_submit_settings(pointer, flags, settings, settings.count), "queue SETTINGS")
    try HTTP2Error.check(
      nghttp2_session_set_local_window_size(pointer, flags, 0, configuration.connectionWindow),
      "set the connection window")
  }

  private static func entry(
    _ id: nghttp2_settings_id, _ value: UInt32
  ) -> nghttp2_settings_entry {
    nghttp2_settings_entry(settings_id: Int32(id.rawValue), value: value)
  }

  /// Frames waiting inside nghttp2, DATA not counted.
  var queuedFrames: Int { nghttp2_session_get_outbound_queue_size(pointer) }

  /// nghttp2 met a connection error and queued its GOAWAY; it ignores all further input.
  ///
  /// nghttp2 does not say so before the GOAWAY is sent. This asks it sideways: a GOAWAY naming a
  /// stream of our own as the peer's last is invalid, but while terminating nghttp2 drops any
  /// GOAWAY before it looks. Nothing is queued in either case.
  var isTerminating: Bool {
    let ownStream: Int32 = state.role == .server ? 2 : 1
    return nghttp2_submit_goaway(
      pointer, UInt8(NGHTTP2_FLAG_NONE.rawValue), ownStream, 0, nil, 0) == 0
  }
}
