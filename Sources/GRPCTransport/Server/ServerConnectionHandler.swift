import HTTP2
import Logging
import NIOCore

/// One accepted connection: performs what the session and the streams' state machines decide.
///
/// Used on the channel's event loop only; calls reach it through ``ServerOutlet``.
final class ServerConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// A call in progress.
  struct Stream {
    var state: ServerStream
    let call: ServerCall
    var deadline: Scheduled<Void>?
    /// Bytes received whose flow-control credit is not given back yet.
    var uncredited = 0
    /// Bytes counted against the server's bound.
    var held = 0
  }

  let configuration: GRPCServerConfiguration
  let routes: Routes
  let calls: AsyncStream<ServerCall>.Continuation
  let held: HeldBytes
  let logger: Logger
  let driver: SessionDriver
  var streams: [Int32: Stream] = [:]
  private var heardSinceProbe = true
  private var isHandshakeDone = false
  private var isDraining = false
  private var keepalive: RepeatedTask?

  var session: Session { driver.session }

  init(
    configuration: GRPCServerConfiguration, routes: Routes,
    calls: AsyncStream<ServerCall>.Continuation, held: HeldBytes, logger: Logger
  ) throws(HTTP2Error) {
    self.configuration = configuration
    self.routes = routes
    self.calls = calls
    self.held = held
    self.logger = logger
    driver = try SessionDriver(role: .server, configuration: configuration.http2)
  }

  // MARK: - Channel events

  func channelActive(context: ChannelHandlerContext) {
    driver.attach(context)
    driver.onEvents = { [unowned self] events in process(events) }
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: TimeAmount(configuration.handshakeTimeout)) {
      handler.value.handshakeTimedOut()
    }
    let interval = TimeAmount(configuration.keepaliveInterval)
    keepalive = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      handler.value.probe()
    }
    driver.flush()
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    heardSinceProbe = true
    let buffer = unwrapInboundIn(data)
    do {
      process(try buffer.withUnsafeReadableBytes { bytes throws(HTTP2Error) in
        try session.receive(bytes)
      })
    } catch {
      logger.debug("connection ended by a protocol error", metadata: ["error": "\(error)"])
      driver.flush()
      context.close(promise: nil)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    driver.flush()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { driver.flush() }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    keepalive?.cancel()
    let open = streams
    streams = [:]
    for (id, stream) in open { release(id, stream, error: .connectionLost) }
    driver.detach()
    calls.finish()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // A reset or broken pipe is the peer's way of leaving; channelInactive cleans up.
    context.close(promise: nil)
  }

  // MARK: - Session events

  private func process(_ events: [Session.Event]) {
    for event in events {
      switch event {
      case .headers(let id, let headers, let endStream):
        isHandshakeDone = true
        open(id, headers, endStream: endStream)
      case .data(let id, let bytes, let endStream):
        receive(bytes, on: id, endStream: endStream)
      case .trailers(let id, _):
        receivedEnd(of: id)
      case .streamClosed(let id, _):
        guard let stream = streams.removeValue(forKey: id) else { continue }
        release(id, stream, error: .cancelledByPeer)
      case .settings:
        isHandshakeDone = true
      case .drained, .goAway, .pingAcknowledged:
        continue
      }
    }
  }

  /// Lets go of everything that waits for a stream that is over.
  private func release(_ id: Int32, _ stream: Stream, error: GRPCError) {
    stream.deadline?.cancel()
    held.remove(stream.held)
    stream.call.inbox.finish(error, discardingUnread: true)
    stream.call.ended.fire()
    driver.streamEnded(id, error)
  }

  // MARK: - Liveness and drain

  private func handshakeTimedOut() {
    guard !isHandshakeDone, let context = driver.context else { return }
    logger.debug("connection closed: no HTTP/2 SETTINGS in time")
    context.close(promise: nil)
  }

  /// A silent connection is asked for a sign of life, and closed if none comes.
  private func probe() {
    guard let context = driver.context else { return }
    defer { heardSinceProbe = false }
    guard !heardSinceProbe else { return }
    session.ping(0)
    driver.flush()
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: TimeAmount(configuration.keepaliveTimeout)) {
      handler.value.closeIfSilent()
    }
  }

  private func closeIfSilent() {
    guard !heardSinceProbe, let context = driver.context else { return }
    logger.debug("connection closed: no answer to PING")
    context.close(promise: nil)
  }

  /// Asks the client to open no more streams, refuses those it opens regardless a little later, and lets open ones end.
  func beginDrain() {
    guard !isDraining, let context = driver.context else { return }
    isDraining = true
    session.announceShutdown()
    driver.flush()
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    // Streams the client opened before it saw the notice still count; a second is ample for them to arrive.
    context.eventLoop.scheduleTask(in: streams.isEmpty ? .milliseconds(100) : .seconds(1)) {
      handler.value.refuseNewStreams()
    }
  }

  private func refuseNewStreams() {
    guard driver.context != nil else { return }
    session.goAway(errorCode: Session.ErrorCode.noError)
    driver.flush()
  }

  /// Ends the connection and all its calls at once.
  func abort() {
    driver.context?.close(promise: nil)
  }
}
