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
      reject(id, error)
      return
    }
    guard routes.handler(for: head.path) != nil else {
      reject(id, .grpc(GRPCError(.unimplemented, "this server has no method of that name")))
      return
    }
    guard let context = driver.context else { return }
    let call = ServerCall(
      path: head.path, metadata: head.metadata,
      deadline: head.timeout.map { .now.advanced(by: $0) },
      outlet: outlet(for: id, on: context.eventLoop))
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
      // The call was refused or is answered already; what still arrives is dropped, its credit returned.
      session.consumed(stream: id, bytes.count)
      return
    }
    streams[id]?.uncredited += bytes.count
    streams[id]?.held += bytes.count
    guard held.add(bytes.count) else {
      end(
        id, message: nil,
        error: GRPCError(
          .resourceExhausted, "the server holds too many unread request bytes; try again later"))
      return
    }
    perform(streams[id]?.state.receivedData(bytes, endStream: endStream), on: id)
  }

  func receivedEnd(of id: Int32) {
    perform(streams[id]?.state.receivedEnd(), on: id)
  }

  private func perform(_ action: ServerStream.OnData?, on id: Int32) {
    guard let inbox = streams[id]?.call.inbox else { return }
    switch action {
    case .deliver(let messages, let ended):
      for message in messages { inbox.push(message) }
      if ended { inbox.finish() }
      // Credit waits while messages wait, so that a client cannot run ahead of a handler that does not read; a
      // message that is still incomplete must get its credit or it could never become complete.
      if inbox.isEmpty || ended { credit(id) }
    case .fail(let error):
      credit(id)
      end(id, message: nil, error: error)
    case .ignore, nil:
      credit(id)
    }
  }

  /// Gives the flow-control credit of everything received so far back.
  private func credit(_ id: Int32) {
    guard let count = streams[id]?.uncredited, count > 0 else { return }
    streams[id]?.uncredited = 0
    session.consumed(stream: id, count)
    // Bytes whose stream has ended stay counted until the call does.
    if streams[id]?.state.inboundEnded == false {
      held.remove(count)
      streams[id]?.held -= count
    }
  }

  /// The handler has read everything that had arrived.
  private func inboxEmptied(_ id: Int32) {
    guard streams[id]?.uncredited ?? 0 > 0 else { return }
    credit(id)
    driver.flushSoon()
  }

  // MARK: - Outbound

  private func send(_ message: [UInt8], on id: Int32, sender: SessionDriver.Sender) {
    guard begin(message: id) else {
      sender.resume(returning: .failure(.cancelledByPeer))
      return
    }
    driver.sendMessage(message, on: id, sender: sender)
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
    if let message, begin(message: id) { driver.sendMessage(message, on: id, sender: nil) }
    let trailers = Self.trailers(for: error)
    switch streams[id]?.state.finish() {
    case .sendTrailers:
      _ = attempt { () throws(HTTP2Error) in
        try session.sendTrailers(stream: id, trailers)
      }
    case .sendTrailersOnly:
      _ = attempt { () throws(HTTP2Error) in
        try session.respond(stream: id, Self.responseHeaders + trailers, endStream: true)
      }
    case .ignore, nil: return
    }
    guard let stream = streams[id] else { return }
    stream.deadline?.cancel()
    stream.call.inbox.finish(error ?? .cancelledByPeer, discardingUnread: true)
    stream.call.ended.fire()
    driver.streamEnded(id, error ?? .cancelledByPeer)
    credit(id)
    driver.flushSoon()
  }

  private func reject(_ id: Int32, _ rejection: RequestHead.Rejection) {
    _ = attempt { () throws(HTTP2Error) in
      switch rejection {
      case .grpc(let error):
        try session.respond(
          stream: id, Self.responseHeaders + Self.trailers(for: error), endStream: true)
      case .http(let status, let message):
        let headers = [
          Session.Header(name: ":status", value: "\(status)"),
          Session.Header(name: "content-type", value: "text/plain"),
        ]
        try session.respond(stream: id, headers, endStream: false)
        try session.send(stream: id, Array(message.utf8), endStream: true)
      }
    }
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

  private static func trailers(for error: GRPCError?) -> Metadata {
    guard let error else { return [Session.Header(name: "grpc-status", value: "0")] }
    return [
      Session.Header(name: "grpc-status", value: "\(error.code.rawValue)"),
      Session.Header(name: "grpc-message", value: StatusMessage.encode(error.message)),
    ] + error.metadata
  }

  private func outlet(for id: Int32, on eventLoop: any EventLoop) -> ServerOutlet {
    let handler = NIOLoopBound(self, eventLoop: eventLoop)
    return ServerOutlet(
      send: { message, sender in
        eventLoop.execute { handler.value.send(message, on: id, sender: sender) }
      },
      abandonSending: {
        eventLoop.execute { handler.value.driver.abandonSending(on: id) }
      },
      inboxEmptied: {
        eventLoop.execute { handler.value.inboxEmptied(id) }
      },
      finish: { message, error in
        eventLoop.execute { handler.value.end(id, message: message, error: error) }
      })
  }
}
