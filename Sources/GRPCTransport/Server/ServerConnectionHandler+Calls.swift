import HTTP2
import NIOCore

/// Opening, feeding, answering and ending calls.
extension ServerConnectionHandler {
  // MARK: - Inbound

  func open(_ id: Int32, _ headers: Metadata, endStream: Bool) {
    let head: RequestHead
    do {
      head = try RequestHead(headers)
    } catch {
      reject(id, error, endStream: endStream)
      return
    }
    guard let route = routes.handler(for: head.path) else {
      let error = GRPCError(.unimplemented, "this server has no method of that name")
      reject(id, .grpc(error), endStream: endStream)
      return
    }
    guard session.bufferedBytes <= configuration.maximumUnsentBytes else {
      reject(id, .grpc(.responsesNotTaken), endStream: endStream)
      return
    }
    guard let context = driver.context else { return }
    let call = ServerCall(
      path: head.path, metadata: head.metadata,
      deadline: head.timeout.map { .now.advanced(by: $0) },
      maximumMessageBytes: configuration.maximumMessageBytes, isUnary: route.isUnary, held: held,
      outlet: ServerOutlet(self, stream: id, on: context.eventLoop))
    var stream = Stream(
      state: ServerStream(
        encoding: head.encoding, maximumMessageBytes: configuration.maximumMessageBytes),
      call: call)
    if let timeout = head.timeout {
      let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
      stream.deadline = context.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
        handler.value.end(id, message: nil, error: .deadlineExpired)
      }
    }
    streams[id] = stream
    calls.yield(call)
    if endStream { receivedEnd(of: id) }
  }

  func receive(_ bytes: [UInt8], on id: Int32, endStream: Bool) {
    guard streams[id] != nil else {
      // The call was refused; what still arrives is dropped, its credit returned.
      session.consumed(stream: id, bytes.count)
      return
    }
    streams[id]?.uncredited += bytes.count
    perform(streams[id]?.state.receivedData(bytes, endStream: endStream), on: id)
  }

  func receivedEnd(of id: Int32) {
    perform(streams[id]?.state.receivedEnd(), on: id)
  }

  private func perform(_ action: ServerStream.OnData?, on id: Int32) {
    guard let stream = streams[id] else { return }
    let inbox = stream.call.inbox
    switch action {
    case .deliver(let messages, let ended):
      let count = messages.reduce(0) { $0 + $1.payload.count }
      guard stream.call.bytes.receive(count, incomplete: stream.state.pendingBytes) else {
        end(id, message: nil, error: .tooManyHeldBytes)
        return
      }
      for message in messages { inbox.push(message) }
      if ended { inbox.finish() }
      // Credit waits while messages wait, so that a client cannot run ahead of a handler that does not read; a
      // message that is still incomplete must get its credit or it could never become complete.
      if inbox.isEmpty || ended { credit(id) }
    case .fail(let error):
      end(id, message: nil, error: error)
    case .ignore, nil:
      credit(id)
    }
  }

  /// The handler has read everything that had arrived.
  func inboxEmptied(_ id: Int32) {
    if credit(id) { driver.flushSoon() }
  }

  /// Gives the flow-control credit of everything received so far back; false if there is none to give.
  @discardableResult
  private func credit(_ id: Int32) -> Bool {
    guard let count = streams[id]?.uncredited, count > 0 else { return false }
    streams[id]?.uncredited = 0
    session.consumed(stream: id, count)
    return true
  }

  // MARK: - Outbound

  func send(_ message: [UInt8], on id: Int32, sender: SessionDriver.Sender) {
    guard begin(message: id) else {
      sender.resume(
        returning: .failure(driver.context == nil ? .connectionLost : .cancelledByPeer))
      return
    }
    driver.sendMessage(message, on: id, sender: sender)
  }

  func abandonSending(on id: Int32) {
    guard streams[id] != nil else { return }
    driver.abandonSending(on: id)
  }

  /// Sends the response headers if this is the first message; false if nothing may be sent any more.
  private func begin(message id: Int32) -> Bool {
    switch streams[id]?.state.sendMessage() {
    case .sendHeadersAndMessage:
      return attempt { () throws(HTTP2Error) in
        try session.respond(stream: id, Self.responseHeaders, endStream: false)
      }
    case .sendMessage: return true
    case .ignore, nil: return false
    }
  }

  /// Ends a call: its last message, then its status. Late ends of a call that is over are ignored.
  func end(_ id: Int32, message: [UInt8]?, error: GRPCError?) {
    var error = error
    if let message {
      if session.bufferedBytes > configuration.maximumUnsentBytes {
        error = .responsesNotTaken
      } else if begin(message: id) {
        driver.sendMessage(message, on: id, sender: nil)
      }
    }
    switch streams[id]?.state.finish() {
    case .sendTrailers: sendStatus(id, error, isWholeResponse: false)
    case .sendTrailersOnly: sendStatus(id, error, isWholeResponse: true)
    case .ignore, nil: return
    }
    guard let stream = streams[id] else { return }
    stream.deadline?.cancel()
    stream.call.bytes.drop()
    stream.call.inbox.finish(error ?? .cancelledByPeer, discardingUnread: true)
    stream.call.ended.fire()
    driver.failSenders(of: id, error ?? .cancelledByPeer)
    credit(id)
    if !stream.state.inboundEnded { driver.resetOnceSent(id) }
    driver.flushSoon()
  }

  /// Queues the status. One that HTTP/2 cannot carry, such as metadata with an invalid name, must not leave the client
  /// waiting: the bare code goes out in its place.
  private func sendStatus(_ id: Int32, _ error: GRPCError?, isWholeResponse: Bool) {
    func send(_ trailers: Metadata) -> Bool {
      attempt { () throws(HTTP2Error) in
        if isWholeResponse {
          try session.respond(stream: id, Self.responseHeaders + trailers, endStream: true)
        } else {
          try session.sendTrailers(stream: id, trailers)
        }
      }
    }
    if !send(Self.trailers(for: error)) {
      _ = send([Session.Header(name: "grpc-status", value: "\(error?.code.rawValue ?? 0)")])
    }
  }

  private func reject(_ id: Int32, _ rejection: RequestHead.Rejection, endStream: Bool) {
    switch rejection {
    case .grpc(let error):
      sendStatus(id, error, isWholeResponse: true)
    case .http(let status, let message):
      _ = attempt { () throws(HTTP2Error) in
        let headers = [
          Session.Header(name: ":status", value: "\(status)"),
          Session.Header(name: "content-type", value: "text/plain"),
        ]
        try session.respond(stream: id, headers, endStream: false)
        try session.send(stream: id, Array(message.utf8), endStream: true)
      }
    }
    if !endStream { driver.resetOnceSent(id) }
  }

  /// Runs a command; false if the stream is gone, which is the peer's right.
  private func attempt(_ command: () throws(HTTP2Error) -> Void) -> Bool {
    do {
      try command()
      return true
    } catch {
      return false
    }
  }

  // MARK: - Values

  private static let responseHeaders = [
    Session.Header(name: ":status", value: "200"),
    Session.Header(name: "content-type", value: "application/grpc"),
  ]

  private static let okTrailers = [Session.Header(name: "grpc-status", value: "0")]

  private static func trailers(for error: GRPCError?) -> Metadata {
    guard let error else { return okTrailers }
    return [
      Session.Header(name: "grpc-status", value: "\(error.code.rawValue)"),
      Session.Header(name: "grpc-message", value: StatusMessage.encode(error.message)),
    ] + error.metadata.filter { !$0.name.hasPrefix(":") }
  }
}

extension GRPCError {
  static let tooManyHeldBytes = GRPCError(
    .resourceExhausted, "the server holds too many request bytes; try again later")
  fileprivate static let responsesNotTaken = GRPCError(
    .resourceExhausted,
    "too many responses wait on this connection; read them, or start fewer calls at a time")
}
