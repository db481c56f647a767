import HTTP2
import NIOCore

/// Moves bytes between a channel and its HTTP/2 session, and holds back senders whose bytes do not drain.
///
/// Used on the channel's event loop only.
final class SessionDriver {
  let session: Session
  /// Takes what happened while draining: streams close there too.
  var onEvents: (([Session.Event]) -> Void)?
  private(set) var context: ChannelHandlerContext?
  private var isFlushScheduled = false
  /// Our side has ended; what still arrives is dropped.
  private(set) var isClosing = false
  private var linger: Scheduled<Void>?
  private var lastCall: Scheduled<Void>?
  /// Senders of a stream waiting for its outbound bytes to fall to the low watermark.
  private var waitingSenders: [Int32: [Sender]] = [:]
  /// Open streams on which sending was given up by the sending task.
  private var abandoned: Set<Int32> = []
  /// Open streams to reset once the end of our side has been written.
  private var ending: Set<Int32> = []

  typealias Sender = CheckedContinuation<Result<Void, GRPCError>, Never>

  /// A sender waits while more than this many bytes of its stream are not sent yet.
  static let highWatermark = 262_144
  /// …until no more than this many are left.
  static let lowWatermark = 65_536
  /// Silence after which a peer that does not end its side is no longer waited for.
  private static let lingering = TimeAmount.seconds(1)
  /// …and the longest time it is waited for at all.
  private static let longestClose = TimeAmount.seconds(20)
  /// Room for one write to the socket, bytes.
  private static let writeSize = 65_536
  /// A write is full from here on: the largest frame nghttp2 makes, 16,384 bytes and its header, no longer fits.
  private static let fullFrom = writeSize - 16_384 - 9

  init(role: Session.Role, configuration: Session.Configuration) throws(HTTP2Error) {
    session = try Session(role: role, configuration: configuration)
  }

  func attach(_ context: ChannelHandlerContext) { self.context = context }

  /// The channel is gone: every waiting sender fails.
  func detach() {
    context = nil
    onEvents = nil
    linger?.cancel()
    lastCall?.cancel()
    abandoned = []
    ending = []
    let senders = waitingSenders.values.flatMap { $0 }
    waitingSenders = [:]
    for sender in senders { sender.resume(returning: .failure(.connectionLost)) }
  }

  /// Nothing is remembered of any stream.
  var isIdle: Bool { waitingSenders.isEmpty && abandoned.isEmpty && ending.isEmpty }

  // MARK: - Sending

  /// Queues one length-prefixed message; resumes `sender` once the stream has room again.
  func sendMessage(_ payload: [UInt8], on stream: Int32, sender: Sender?) {
    guard context != nil else {
      sender?.resume(returning: .failure(.connectionLost))
      return
    }
    guard !abandoned.contains(stream) else {
      sender?.resume(returning: .failure(.taskCancelled))
      return
    }
    do {
      try session.send(
        stream: stream, messagePrefix(payloadBytes: payload.count), payload, endStream: false)
    } catch {
      sender?.resume(returning: .failure(.cancelledByPeer))
      return
    }
    flushSoon()
    guard let sender else { return }
    if session.bufferedBytes(stream: stream) > Self.highWatermark {
      waitingSenders[stream, default: []].append(sender)
    } else {
      sender.resume(returning: .success(()))
    }
  }

  /// The task that sends on this open stream was cancelled: it must not wait any longer.
  func abandonSending(on stream: Int32) {
    abandoned.insert(stream)
    failSenders(of: stream, .taskCancelled)
  }

  /// The call on this stream is over; whoever still sends learns why.
  func failSenders(of stream: Int32, _ error: GRPCError) {
    for sender in waitingSenders.removeValue(forKey: stream) ?? [] {
      sender.resume(returning: .failure(error))
    }
  }

  /// Our side of the stream ends with what is queued. The peer's end is not waited for: what it may still send has no
  /// reader, and the stream would stay open as long as the peer likes.
  func resetOnceSent(_ stream: Int32) {
    ending.insert(stream)
  }

  /// The stream has closed.
  func forget(_ stream: Int32) {
    abandoned.remove(stream)
    ending.remove(stream)
  }

  // MARK: - Writing

  /// Flushes after the loop has run what is already queued, so that many small sends share one write.
  func flushSoon() {
    guard !isFlushScheduled, let context else { return }
    isFlushScheduled = true
    let driver = NIOLoopBound(self, eventLoop: context.eventLoop)
    context.eventLoop.execute { driver.value.flush() }
  }

  /// Writes what the session has, as long as the socket takes it; closes a finished connection.
  func flush() {
    isFlushScheduled = false
    guard let context else { return }
    do {
      var wrote = try write(to: context)
      // Nothing is left to write, so every end that is not behind buffered bytes is out.
      if !ending.isEmpty, !session.wantsWrite, resetEnded() {
        wrote = try write(to: context) || wrote
      }
      if wrote { context.flush() }
    } catch {
      context.close(promise: nil)
      return
    }
    resumeSenders()
    let events = session.takeEvents()
    if !events.isEmpty { onEvents?(events) }
    if session.isFinished { closeOnceWritten() }
  }

  /// Ends the connection: our side after what was written, all of it when the peer has ended its side too.
  ///
  /// Closing a socket that still receives makes the system reset the connection, and a reset destroys what the peer has
  /// not read yet. So late bytes are taken and dropped until the peer has been silent for a while.
  func closeOnceWritten() {
    guard !isClosing, let context else { return }
    isClosing = true
    let written = context.eventLoop.makePromise(of: Void.self)
    let driver = NIOLoopBound(self, eventLoop: context.eventLoop)
    written.futureResult.whenComplete { _ in
      driver.value.context?.close(mode: .output, promise: nil)
      driver.value.heardWhileClosing()
    }
    lastCall = context.eventLoop.scheduleTask(in: Self.longestClose) {
      driver.value.context?.close(promise: nil)
    }
    context.writeAndFlush(NIOAny(context.channel.allocator.buffer(capacity: 0)), promise: written)
  }

  /// Late bytes came: the peer gets a little longer.
  func heardWhileClosing() {
    guard let context else { return }
    linger?.cancel()
    let driver = NIOLoopBound(self, eventLoop: context.eventLoop)
    linger = context.eventLoop.scheduleTask(in: Self.lingering) {
      driver.value.context?.close(promise: nil)
    }
  }

  private func write(to context: ChannelHandlerContext) throws(HTTP2Error) -> Bool {
    var wrote = false
    while context.channel.isWritable, session.wantsWrite {
      var buffer = context.channel.allocator.buffer(
        capacity: min(Self.writeSize, 1_024 + session.bufferedBytes))
      let produced = try session.drain(limit: Self.fullFrom) { buffer.writeBytes($0) }
      if produced == 0 { break }
      wrote = true
      context.write(NIOAny(buffer), promise: nil)
    }
    return wrote
  }

  private func resetEnded() -> Bool {
    let ended = ending.filter { session.bufferedBytes(stream: $0) == 0 }
    for stream in ended {
      ending.remove(stream)
      session.reset(stream: stream, errorCode: Session.ErrorCode.noError)
    }
    return !ended.isEmpty
  }

  private func resumeSenders() {
    guard !waitingSenders.isEmpty else { return }
    for (stream, senders) in waitingSenders
    where session.bufferedBytes(stream: stream) <= Self.lowWatermark {
      waitingSenders[stream] = nil
      for sender in senders { sender.resume(returning: .success(())) }
    }
  }
}
