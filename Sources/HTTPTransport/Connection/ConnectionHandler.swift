import HTTPTypes
import HummingbirdCore
import NIOCore
import NIOHTTP1
import NIOHTTPTypes

/// Stands between HTTP's codec and the server: bounds connections and waiting, notices a client that
/// leaves, answers what is not HTTP, and closes so that the last answer arrives.
final class ConnectionHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  private let connections: Connections
  private let configuration: HTTPConfiguration
  private var connection: Connection?
  private var clock: ConnectionClock
  private var timer: (at: NIODeadline, task: Scheduled<Void>)?
  /// The answer being written is the connection's last.
  private var closesAfterAnswer = false
  /// The connection ends behind what is written; whatever comes is thrown away.
  private var isEnding = false

  init(connections: Connections, configuration: HTTPConfiguration) {
    self.connections = connections
    self.configuration = configuration
    clock = ConnectionClock(limits: .init(configuration), now: .now())
  }

  // MARK: - Life

  func handlerAdded(context: ChannelHandlerContext) {
    guard let connection = connections.add(context.channel) else {
      context.close(promise: nil)
      return
    }
    self.connection = connection
    limitSending(context)
    watch(context)
  }

  func handlerRemoved(context: ChannelHandlerContext) { forget(context) }

  func channelInactive(context: ChannelHandlerContext) {
    forget(context)
    context.fireChannelInactive()
  }

  private func forget(_ context: ChannelHandlerContext) {
    timer?.task.cancel()
    timer = nil
    if connection != nil { connections.remove(context.channel) }
    connection = nil
  }

  /// Lets the kernel close a connection whose client takes nothing of what was sent to it.
  private func limitSending(_ context: ChannelHandlerContext) {
    #if os(Linux)
      // TCP_USER_TIMEOUT of Linux, in milliseconds: data unacknowledged, or a window closed, for so long.
      let option = ChannelOptions.Types.SocketOption(level: .tcp, name: .init(rawValue: 18))
      let milliseconds = TimeAmount(configuration.sendTimeout).nanoseconds / 1_000_000
      try? context.channel.syncOptions?.setOption(option, value: .init(clamping: milliseconds))
    #endif
  }

  // MARK: - In

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isEnding { return }
    switch unwrapInboundIn(data) {
    case .head(let head):
      connection?.isBodyStreamed = false
      clock.headArrived(now: .now())
      if head.headerFields[.expect]?.lowercased() == "100-continue" {
        context.writeAndFlush(wrapOutboundOut(.head(.init(status: .continue))), promise: nil)
      }
      watch(context)
    case .body:
      clock.bodyArrived()
    case .end:
      clock.requestEnded()
    }
    context.fireChannelRead(data)
  }

  func read(context: ChannelHandlerContext) {
    clock.asked(now: .now())
    if clock.isReadingBody { watch(context) }
    context.read()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed {
      connection?.clientLeft()
      if isEnding {
        context.close(promise: nil)
        return
      }
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    if isEnding { return }
    let isOfSocket = error is IOError || error is ChannelError
    guard !isOfSocket, clock.unanswered == 0 else {
      context.fireErrorCaught(error)
      return
    }
    // No request to answer has come of it, so nobody behind this handler will.
    let isTooLarge = error as? HTTPParserError == .headerOverflow
    refuse(isTooLarge ? .headersTooLarge : .malformed, context)
  }

  private func refuse(_ fault: HTTPFault, _ context: ChannelHandlerContext) {
    let body = fault.body
    var fields = fault.fields
    fields[.contentLength] = String(body.readableBytes)
    context.write(
      wrapOutboundOut(.head(.init(status: fault.status, headerFields: fields))), promise: nil)
    context.write(wrapOutboundOut(.body(body)), promise: nil)
    isEnding = true
    writeEnd(wrapOutboundOut(.end(nil)), promise: nil, context)
  }

  // MARK: - Out

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head):
      closesAfterAnswer = head.headerFields[.connection]?.lowercased() == "close"
      context.write(data, promise: promise)
    case .body:
      context.write(data, promise: promise)
    case .end:
      if closesAfterAnswer { isEnding = true }
      writeEnd(data, promise: promise, context)
    }
  }

  /// Closing for good throws away what the socket has not taken yet, so a connection with an answer on its
  /// way ends behind it. A client that takes nothing does not keep it open: the kernel notices, and a server
  /// that has no more time closes the receiving side, upon which an ending connection closes at once.
  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if clock.isSending, mode != .output { isEnding = true }
    guard isEnding, mode == .all else {
      context.close(mode: mode, promise: promise)
      return
    }
    context.channel.closeFuture.cascade(to: promise)
  }

  /// Writes the end of an answer, and hears when the socket has taken all of it.
  private func writeEnd(
    _ data: NIOAny, promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext
  ) {
    clock.answered(now: .now())
    let promise = promise ?? context.eventLoop.makePromise()
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      let (handler, context) = bound.value
      handler.sent(context)
    }
    context.write(data, promise: promise)
    if isEnding { context.flush() }
    watch(context)
  }

  /// Behind the last answer only the sending side is closed: a connection closed with unread bytes in it is
  /// reset, and the client would lose the answer.
  private func sent(_ context: ChannelHandlerContext) {
    clock.sent(now: .now())
    if isEnding, !clock.isSending {
      context.close(mode: .output, promise: nil)
      clock.lingers(now: .now())
    }
    watch(context)
  }

  // MARK: - Time

  /// Sets the timer, unless one fires early enough; it looks again when it fires.
  private func watch(_ context: ChannelHandlerContext) {
    guard let connection, let deadline = clock.deadline(streamed: connection.isBodyStreamed) else {
      return
    }
    if let timer, timer.at <= deadline { return }
    timer?.task.cancel()
    let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
    let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) {
      let (handler, context) = bound.value
      handler.timer = nil
      handler.check(context)
    }
    timer = (deadline, task)
  }

  private func check(_ context: ChannelHandlerContext) {
    guard let connection, let deadline = clock.deadline(streamed: connection.isBodyStreamed) else {
      return
    }
    guard deadline <= .now() else { return watch(context) }
    switch clock.expiry {
    case .close: context.close(promise: nil)
    case .failBody:
      clock.requestEnded()
      context.fireErrorCaught(HTTPFault.bodyTooSlow)
    }
  }
}

@available(*, unavailable)
extension ConnectionHandler: Sendable {}
