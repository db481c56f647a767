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
  /// Senders of a stream waiting for its outbound bytes to fall to the low watermark.
  private var waitingSenders: [Int32: [Sender]] = [:]
  /// Streams on which sending was given up by the sending task.
  private var abandoned: Set<Int32> = []

  typealias Sender = CheckedContinuation<Result<Void, GRPCError>, Never>

  /// A sender waits while more than this many bytes of its stream are not sent yet.
  static let highWatermark = 262_144
  /// …until no more than this many are left.
  static let lowWatermark = 65_536
  /// Bytes gathered for one write to the socket.
  private static let writeSize = 65_536

  init(role: Session.Role, configuration: Session.Configuration) throws(HTTP2Error) {
    session = try Session(role: role, configuration: configuration)
  }

  func attach(_ context: ChannelHandlerContext) { self.context = context }

  /// The channel is gone: every waiting sender fails.
  func detach() {
    context = nil
    onEvents = nil
    let senders = waitingSenders.values.flatMap { $0 }
    waitingSenders = [:]
    for sender in senders { sender.resume(returning: .failure(.connectionLost)) }
  }

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
      try session.send(stream: stream, messagePrefix(payloadBytes: payload.count), endStream: false)
      try session.send(stream: stream, payload, endStream: false)
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

  /// The task that sends on this stream was cancelled: it must not wait any longer.
  func abandonSending(on stream: Int32) {
    abandoned.insert(stream)
    failSenders(of: stream, .taskCancelled)
  }

  /// The stream is over: wakes its senders and forgets it.
  func streamEnded(_ stream: Int32, _ error: GRPCError) {
    abandoned.remove(stream)
    failSenders(of: stream, error)
  }

  private func failSenders(of stream: Int32, _ error: GRPCError) {
    for sender in waitingSenders.removeValue(forKey: stream) ?? [] {
      sender.resume(returning: .failure(error))
    }
  }

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
    var wrote = false
    do {
      while context.channel.isWritable {
        var buffer = context.channel.allocator.buffer(capacity: Self.writeSize)
        let produced = try session.drain(limit: Self.writeSize) { buffer.writeBytes($0) }
        if produced == 0 { break }
        wrote = true
        context.write(NIOAny(buffer), promise: nil)
      }
    } catch {
      context.close(promise: nil)
      return
    }
    if wrote { context.flush() }
    resumeSenders()
    let events = session.takeEvents()
    if !events.isEmpty { onEvents?(events) }
    if session.isFinished { context.close(promise: nil) }
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
