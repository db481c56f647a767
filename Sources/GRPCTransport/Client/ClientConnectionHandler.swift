import HTTP2
import NIOCore

/// One outgoing connection. Used on the channel's event loop only; calls reach it through ``ClientOutlet``.
final class ClientConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// A call in progress. Holds the inbox, not the call: a call nobody holds any more gives itself up.
  struct Stream {
    let inbox: Inbox
    var deframer: MessageDeframer
    var deadline: Scheduled<Void>?
    var isOver = false
    /// The last message was queued.
    var sentEnd: Bool
    /// Bytes received whose flow-control credit is not given back yet.
    var uncredited = 0
  }

  /// Time the server gets to end an expired call by itself before it is reset.
  private static let expiryGrace = TimeAmount.seconds(1)

  private let driver: SessionDriver
  private let maximumMessageBytes: Int
  private var streams: [Int32: Stream] = [:]
  private var session: Session { driver.session }

  init(maximumMessageBytes: Int) throws(HTTP2Error) {
    self.maximumMessageBytes = maximumMessageBytes
    driver = try SessionDriver(role: .client, configuration: .forCalls)
  }

  /// Nothing is remembered of any call.
  var isIdle: Bool { streams.isEmpty && driver.isIdle }

  // MARK: - Channel events

  func channelActive(context: ChannelHandlerContext) {
    driver.attach(context)
    driver.onEvents = { [unowned self] events in process(events) }
    driver.flush()
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !driver.isClosing else {
      driver.heardWhileClosing()
      return
    }
    let buffer = unwrapInboundIn(data)
    do {
      process(try buffer.withUnsafeReadableBytes { bytes throws(HTTP2Error) in
        try session.receive(bytes)
      })
    } catch {
      driver.flush()
      context.close(promise: nil)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) { driver.flush() }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { driver.flush() }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    let open = streams
    streams = [:]
    for (_, stream) in open {
      stream.deadline?.cancel()
      stream.inbox.finish(.connectionLost)
    }
    driver.detach()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  // MARK: - Commands

  /// Starts a call.
  ///
  /// - Parameter message: the only message, for a call that sends one; nil leaves the call open for any number.
  /// - Parameter timeout: also kept here, for a server that does not answer.
  func open(
    _ headers: Metadata, timeout: Duration?, message: [UInt8]? = nil
  ) -> Result<ClientCall, GRPCError> {
    guard let context = driver.context else { return .failure(.connectionLost) }
    let id: Int32
    do {
      id = try session.openRequest(headers, endStream: false)
      if let message {
        try session.send(
          stream: id, messagePrefix(payloadBytes: message.count), message, endStream: true)
      }
    } catch {
      return .failure(GRPCError(.unavailable, "the connection takes no more calls"))
    }
    let call = ClientCall(
      maximumMessageBytes: maximumMessageBytes,
      outlet: ClientOutlet(self, stream: id, on: context.eventLoop))
    var stream = Stream(
      inbox: call.inbox, deframer: MessageDeframer(maximumMessageBytes: maximumMessageBytes),
      sentEnd: message != nil)
    if let timeout {
      let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
      stream.deadline = context.eventLoop.scheduleTask(in: TimeAmount(timeout)) {
        handler.value.expire(id)
      }
    }
    streams[id] = stream
    driver.flushSoon()
    return .success(call)
  }

  func send(_ message: [UInt8], on id: Int32, sender: SessionDriver.Sender) {
    guard let stream = streams[id], !stream.isOver, !stream.sentEnd else {
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

  func finishSending(_ id: Int32) {
    guard streams[id]?.sentEnd == false else { return }
    streams[id]?.sentEnd = true
    // The stream may be gone already; then there is nothing left to end.
    try? session.send(stream: id, [], endStream: true)
    driver.flushSoon()
  }

  func cancel(_ id: Int32) {
    // A call that is over closes its stream by itself, without a reset where it can.
    guard streams[id]?.isOver == false else { return }
    // At once, for a reader that waits: the reset may not get out while the server does not read.
    finish(id, GRPCError(.cancelled, "the call was given up by its client"))
    reset(id)
  }

  func inboxEmptied(_ id: Int32) {
    guard credit(id) else { return }
    driver.flushSoon()
  }

  private func reset(_ id: Int32) {
    guard streams[id] != nil else { return }
    session.reset(stream: id, errorCode: Session.ErrorCode.cancel)
    driver.flushSoon()
  }

  /// The server knows the deadline too and ends the stream by itself; a reset for each expired call could look like an
  /// attack to it. One that does not answer is not waited for.
  private func expire(_ id: Int32) {
    guard streams[id]?.isOver == false, let context = driver.context else { return }
    finish(id, .deadlineExpired)
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    streams[id]?.deadline = context.eventLoop.scheduleTask(in: Self.expiryGrace) {
      handler.value.reset(id)
    }
  }

  // MARK: - Session events

  private func process(_ events: [Session.Event]) {
    for event in events {
      switch event {
      case .headers(let id, let headers, let endStream):
        receivedHeaders(headers, on: id, endStream: endStream)
      case .trailers(let id, let trailers):
        receivedStatus(trailers, on: id)
      case .data(let id, let bytes, let endStream):
        receive(bytes, on: id)
        if endStream { finish(id, GRPCError(.internal, "the server ended the call without a status")) }
      case .streamClosed(let id, let errorCode):
        closed(id, errorCode: errorCode)
      case .settings, .drained, .goAway, .pingAcknowledged:
        continue
      }
    }
  }

  private func receivedHeaders(_ headers: Metadata, on id: Int32, endStream: Bool) {
    let isGRPC = headers.first("content-type")?.hasPrefix("application/grpc") == true
    if !isGRPC {
      let status = headers.first(":status") ?? "none"
      finish(
        id,
        GRPCError(
          .forHTTPStatus(status), "the server there does not speak gRPC (HTTP status \(status))"))
      reset(id)
    } else if endStream {
      receivedStatus(headers, on: id)
    }
  }

  private func receivedStatus(_ trailers: Metadata, on id: Int32) {
    var error = Self.status(in: trailers)
    if error == nil, streams[id]?.deframer.pendingBytes ?? 0 > 0 {
      error = GRPCError(.internal, "the server ended the call inside a message")
    }
    finish(id, error)
    // The server wants nothing more; a stream that it does not close is closed from here.
    if session.bufferedBytes(stream: id) > 0 { reset(id) } else { finishSending(id) }
  }

  private func receive(_ bytes: [UInt8], on id: Int32) {
    guard let inbox = streams[id]?.inbox, streams[id]?.isOver == false else {
      session.consumed(stream: id, bytes.count)
      return
    }
    streams[id]?.uncredited += bytes.count
    do {
      streams[id]?.deframer.append(bytes)
      while let frame = try streams[id]?.deframer.next() {
        inbox.push(frame)
      }
    } catch {
      finish(id, error)
      reset(id)
    }
    if inbox.isEmpty { credit(id) }
  }

  @discardableResult
  private func credit(_ id: Int32) -> Bool {
    guard let count = streams[id]?.uncredited, count > 0 else { return false }
    streams[id]?.uncredited = 0
    session.consumed(stream: id, count)
    return true
  }

  /// The first reason given for a call's end holds.
  private func finish(_ id: Int32, _ error: GRPCError?) {
    guard let stream = streams[id], !stream.isOver else { return }
    stream.deadline?.cancel()
    streams[id]?.isOver = true
    stream.inbox.finish(error)
    driver.failSenders(of: id, error ?? .cancelledByPeer)
  }

  private func closed(_ id: Int32, errorCode: UInt32) {
    let error: GRPCError =
      switch errorCode {
      case Session.ErrorCode.refusedStream:
        GRPCError(.unavailable, "the server takes no more calls on this connection")
      case Session.ErrorCode.enhanceYourCalm:
        GRPCError(.resourceExhausted, "the server asks for fewer or smaller requests")
      default: .cancelledByPeer
      }
    finish(id, error)
    streams[id]?.deadline?.cancel()
    streams[id] = nil
    driver.forget(id)
  }

  /// The status in trailers; nil is OK.
  private static func status(in trailers: Metadata) -> GRPCError? {
    guard let value = trailers.first("grpc-status"), let number = Int(value) else {
      return GRPCError(.unknown, "the server sent no gRPC status")
    }
    guard number != 0 else { return nil }
    let message = StatusMessage.decode(trailers.first("grpc-message") ?? "")
    return GRPCError(GRPCError.Code(rawValue: number) ?? .unknown, message, metadata: trailers)
  }
}

extension GRPCError.Code {
  /// What the protocol makes of an HTTP status that comes without a gRPC status.
  fileprivate static func forHTTPStatus(_ status: String) -> Self {
    switch status {
    case "400": .internal
    case "401": .unauthenticated
    case "403": .permissionDenied
    case "404": .unimplemented
    case "429", "502", "503", "504": .unavailable
    default: .unknown
    }
  }
}
