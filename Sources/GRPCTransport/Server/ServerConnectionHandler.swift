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
  }

  let configuration: GRPCServerConfiguration
  let routes: Routes
  let calls: AsyncStream<ServerCall>.Continuation
  let held: HeldBytes
  let driver: SessionDriver
  var streams: [Int32: Stream] = [:]
  private let logger: Logger
  private var liveness: ConnectionLiveness?

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
    liveness = ConnectionLiveness(
      driver: driver, configuration: configuration, logger: logger, on: context.eventLoop)
    driver.flush()
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !driver.isClosing else {
      driver.heardWhileClosing()
      return
    }
    liveness?.heard()
    let buffer = unwrapInboundIn(data)
    do {
      process(try buffer.withUnsafeReadableBytes { bytes throws(HTTP2Error) in
        try session.receive(bytes)
      })
    } catch {
      logger.debug("connection ended by a protocol error", metadata: ["error": "\(error)"])
      driver.flush()
      driver.closeOnceWritten()
    }
  }

  /// The client has ended its side: nobody is left to answer.
  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed = event { context.close(promise: nil) }
    context.fireUserInboundEventTriggered(event)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    driver.flush()
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { driver.flush() }
    context.fireChannelWritabilityChanged()
  }

  func channelInactive(context: ChannelHandlerContext) {
    liveness?.stop()
    let open = streams
    streams = [:]
    for (id, stream) in open { release(id, stream, error: .connectionLost) }
    driver.detach()
    context.fireChannelInactive()
  }

  /// Comes for every connection, also one that closes before it was active.
  func handlerRemoved(context: ChannelHandlerContext) {
    calls.finish()
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
        liveness?.handshakeDone()
        open(id, headers, endStream: endStream)
      case .data(let id, let bytes, let endStream):
        receive(bytes, on: id, endStream: endStream)
      case .trailers(let id, _):
        receivedEnd(of: id)
      case .streamClosed(let id, _):
        driver.forget(id)
        guard let stream = streams.removeValue(forKey: id) else { continue }
        release(id, stream, error: .cancelledByPeer)
      case .settings:
        liveness?.handshakeDone()
      case .drained, .goAway, .pingAcknowledged:
        continue
      }
    }
  }

  /// Lets go of everything that waits for a stream that is over.
  private func release(_ id: Int32, _ stream: Stream, error: GRPCError) {
    stream.deadline?.cancel()
    stream.call.bytes.drop()
    stream.call.inbox.finish(error, discardingUnread: true)
    stream.call.ended.fire()
    driver.failSenders(of: id, error)
  }

  /// Takes no new calls and lets open ones end, within the drain timeout.
  func beginDrain() {
    liveness?.beginDrain(hasCalls: !streams.isEmpty)
  }
}
