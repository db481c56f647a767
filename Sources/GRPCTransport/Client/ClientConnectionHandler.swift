import HTTP2
import NIOCore

/// One outgoing connection. Used on the channel's event loop only; calls reach it through ``ClientOutlet``.
final class ClientConnectionHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private struct Stream {
    let call: ClientCall
    var deframer: MessageDeframer
    var isOver = false
    var uncredited = 0
  }

  private let driver: SessionDriver
  private let maximumMessageBytes: Int
  private var streams: [Int32: Stream] = [:]
  private var session: Session { driver.session }

  init(maximumMessageBytes: Int) throws(HTTP2Error) {
    self.maximumMessageBytes = maximumMessageBytes
    driver = try SessionDriver(role: .client, configuration: Session.Configuration())
  }

  // MARK: - Channel events

  func channelActive(context: ChannelHandlerContext) {
    driver.attach(context)
    driver.onEvents = { [unowned self] events in process(events) }
    driver.flush()
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
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
    for (_, stream) in open { stream.call.inbox.finish(.connectionLost) }
    driver.detach()
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  // MARK: - Commands

  func open(_ headers: Metadata) -> Result<ClientCall, GRPCError> {
    guard let context = driver.context else { return .failure(.connectionLost) }
    let id: Int32
    do {
      id = try session.openRequest(headers, endStream: false)
    } catch {
      return .failure(GRPCError(.unavailable, "the connection takes no more calls"))
    }
    let call = ClientCall(outlet: outlet(for: id, on: context.eventLoop))
    streams[id] = Stream(
      call: call, deframer: MessageDeframer(maximumMessageBytes: maximumMessageBytes))
    driver.flushSoon()
    return .success(call)
  }

  private func finishSending(_ id: Int32) {
    // The stream may be over already; then there is nothing left to end.
    try? session.send(stream: id, [], endStream: true)
    driver.flushSoon()
  }

  private func cancel(_ id: Int32) {
    guard streams[id] != nil else { return }
    session.reset(stream: id, errorCode: Session.ErrorCode.cancel)
    driver.flushSoon()
  }

  // MARK: - Session events

  private func process(_ events: [Session.Event]) {
    for event in events {
      switch event {
      case .headers(let id, let headers, let endStream):
        receivedHeaders(headers, on: id, endStream: endStream)
      case .trailers(let id, let trailers):
        finish(id, Self.status(in: trailers))
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
        id, GRPCError(.unavailable, "the server there does not speak gRPC (HTTP status \(status))"))
      cancel(id)
    } else if endStream {
      finish(id, Self.status(in: headers))
    }
  }

  private func receive(_ bytes: [UInt8], on id: Int32) {
    guard let stream = streams[id], !stream.isOver else {
      session.consumed(stream: id, bytes.count)
      return
    }
    streams[id]?.uncredited += bytes.count
    do {
      streams[id]?.deframer.append(bytes)
      while let frame = try streams[id]?.deframer.next() {
        stream.call.inbox.push(
          frame.isCompressed
            ? try inflateMessage(frame.payload, limit: maximumMessageBytes) : frame.payload)
      }
    } catch {
      finish(id, error)
      cancel(id)
    }
    if stream.call.inbox.isEmpty { credit(id) }
  }

  private func credit(_ id: Int32) {
    guard let count = streams[id]?.uncredited, count > 0 else { return }
    streams[id]?.uncredited = 0
    session.consumed(stream: id, count)
  }

  /// The first reason given for a call's end holds.
  private func finish(_ id: Int32, _ error: GRPCError?) {
    guard let stream = streams[id], !stream.isOver else { return }
    streams[id]?.isOver = true
    stream.call.inbox.finish(error)
    driver.streamEnded(id, error ?? .cancelledByPeer)
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
    streams[id] = nil
  }

  // MARK: - Values

  /// The status in trailers; nil is OK.
  private static func status(in trailers: Metadata) -> GRPCError? {
    guard let value = trailers.first("grpc-status"), let number = Int(value) else {
      return GRPCError(.unknown, "the server sent no gRPC status")
    }
    guard number != 0 else { return nil }
    let message = StatusMessage.decode(trailers.first("grpc-message") ?? "")
    return GRPCError(GRPCError.Code(rawValue: number) ?? .unknown, message, metadata: trailers)
  }

  private func outlet(for id: Int32, on eventLoop: any EventLoop) -> ClientOutlet {
    let handler = NIOLoopBound(self, eventLoop: eventLoop)
    return ClientOutlet(
      send: { message, sender in
        eventLoop.execute { handler.value.driver.sendMessage(message, on: id, sender: sender) }
      },
      abandonSending: { eventLoop.execute { handler.value.driver.abandonSending(on: id) } },
      finishSending: { eventLoop.execute { handler.value.finishSending(id) } },
      inboxEmptied: {
        eventLoop.execute {
          handler.value.credit(id)
          handler.value.driver.flushSoon()
        }
      },
      cancel: { eventLoop.execute { handler.value.cancel(id) } })
  }
}
