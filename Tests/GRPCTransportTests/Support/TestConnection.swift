import HTTP2
import NIOCore
import NIOEmbedded

@testable import GRPCTransport

/// A connection handler on an event loop whose clock the test moves, and a session of the test's at its other end.
/// Used by one task.
final class TestConnection<Handler: ChannelInboundHandler & SendableMetatype> {
  let channel: NIOAsyncTestingChannel
  let loop: NIOAsyncTestingEventLoop
  /// The test's end.
  let peer: Session
  private(set) var events: [Session.Event] = []
  private let handler: WeakHandler<Handler>

  init(peer role: Session.Role, _ makeHandler: @escaping @Sendable () throws -> Handler) async throws {
    let loop = NIOAsyncTestingEventLoop()
    let channel = NIOAsyncTestingChannel(loop: loop)
    self.loop = loop
    self.channel = channel
    peer = try Session(role: role)
    handler = try await loop.executeInContext {
      let handler = try makeHandler()
      try channel.pipeline.syncOperations.addHandler(Valve())
      try channel.pipeline.syncOperations.addHandler(handler)
      return WeakHandler(handler)
    }
    try await channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1))
  }

  /// The handler is still in memory.
  var isAlive: Bool { handler.value != nil }

  var isOpen: Bool { channel.isActive }

  /// Runs something on the handler.
  func onHandler<R: Sendable>(_ action: @escaping @Sendable (Handler) -> R) async throws -> R {
    let handler = handler
    let result = try await loop.executeInContext { handler.value.map(action) }
    guard let result else { throw ChannelError.alreadyClosed }
    return result
  }

  /// Exchanges bytes until neither side has any.
  func exchange() async throws {
    while true {
      var outgoing = ByteBuffer()
      try peer.drain { outgoing.writeBytes($0) }
      events += peer.takeEvents()
      if outgoing.readableBytes > 0, channel.isActive { try await channel.writeInbound(outgoing) }
      await loop.run()
      var received = false
      while let buffer = try await channel.readOutbound(as: ByteBuffer.self) {
        guard buffer.readableBytes > 0 else { continue }
        received = true
        events += try buffer.withUnsafeReadableBytes { try peer.receive($0) }
      }
      if !received && !peer.wantsWrite { return }
    }
  }

  /// Stops or lets go what the handler writes, like a socket that is full or not.
  func setValve(isOpen: Bool) async throws {
    let channel = channel
    try await loop.executeInContext {
      try channel.pipeline.syncOperations.handler(type: Valve.self).setOpen(isOpen)
    }
  }

  /// Lets time pass, and both sides talk.
  func advance(_ time: TimeAmount) async throws {
    await loop.advanceTime(by: time)
    try await exchange()
  }

  /// Events since the last call.
  func takeEvents() -> [Session.Event] {
    defer { events = [] }
    return events
  }

  func close() async throws {
    try await channel.close()
    await loop.run()
  }
}

/// Holds writes back while it is shut; what it then holds is lost if the channel closes.
private final class Valve: ChannelOutboundHandler {
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var isOpen = true
  private var held: [(NIOAny, EventLoopPromise<Void>?)] = []
  private var context: ChannelHandlerContext?

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    for (_, promise) in held { promise?.fail(ChannelError.ioOnClosedChannel) }
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard !isOpen else { return context.write(data, promise: promise) }
    held.append((data, promise))
  }

  func setOpen(_ isOpen: Bool) {
    self.isOpen = isOpen
    guard isOpen, let context else { return }
    let released = held
    held = []
    for (data, promise) in released { context.write(data, promise: promise) }
    context.flush()
  }
}

/// Does not keep its handler in memory.
struct WeakHandler<Handler: AnyObject & SendableMetatype>: @unchecked Sendable {
  // Safe: written once before it is shared; what it refers to is used on its event loop only.
  private(set) weak var value: Handler?

  init(_ handler: Handler) {
    value = handler
  }
}
