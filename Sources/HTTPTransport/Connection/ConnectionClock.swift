import NIOCore

/// When a connection has kept the server waiting for too long; no I/O, the handler tells it what happens.
struct ConnectionClock {
  struct Limits {
    var head: TimeAmount
    var idle: TimeAmount
    var body: TimeAmount
    var stream: TimeAmount
    var linger: TimeAmount

    init(_ configuration: HTTPConfiguration) {
      head = TimeAmount(configuration.headTimeout)
      idle = TimeAmount(configuration.idleTimeout)
      body = TimeAmount(configuration.bodyTimeout)
      stream = TimeAmount(configuration.streamTimeout)
      linger = TimeAmount(configuration.lingerTimeout)
    }
  }

  /// What is to be done when the time is over.
  enum Expiry: Equatable {
    /// Nothing is owed to the client.
    case close
    /// A request is half here: its reader has to be told.
    case failBody
  }

  private let limits: Limits
  /// Requests whose headers came and whose answers are not complete.
  private(set) var unanswered = 0
  /// Answers that are complete but not yet taken by the socket.
  private var unsent = 0
  /// Whether a body is on its way.
  private(set) var isReadingBody = false
  private var hasAnswered = false
  /// Since when what is waited for is waited for.
  private var since: NIODeadline
  /// Since when the server has asked the socket for more of a body; nil while it does not want any.
  private var asking: NIODeadline?
  private var isLingering = false

  init(limits: Limits, now: NIODeadline) {
    self.limits = limits
    since = now
  }

  /// Whether all that is left to do is to bring answers to the client.
  var isSending: Bool { unanswered == 0 && unsent > 0 }

  /// The point by which something must happen; nil while the server itself is what is waited for, or its
  /// answer is on the way.
  func deadline(streamed: Bool) -> NIODeadline? {
    if isLingering { return since + limits.linger }
    // A client may read as slowly as it likes; one that takes nothing is the kernel's to notice.
    if isSending { return nil }
    if isReadingBody {
      // A second request behind one that is being computed is nobody's fault.
      if unanswered > 1 { return nil }
      return streamed ? asking.map { $0 + limits.stream } : since + limits.body
    }
    return unanswered == 0 ? since + (hasAnswered ? limits.idle : limits.head) : nil
  }

  var expiry: Expiry { isReadingBody && !isLingering && unanswered > 0 ? .failBody : .close }

  // MARK: - Events

  mutating func headArrived(now: NIODeadline) {
    unanswered += 1
    isReadingBody = true
    since = now
    asking = nil
  }

  mutating func bodyArrived() { asking = nil }

  mutating func requestEnded() {
    isReadingBody = false
    asking = nil
  }

  mutating func asked(now: NIODeadline) {
    if isReadingBody, asking == nil { asking = now }
  }

  mutating func answered(now: NIODeadline) {
    unanswered = max(0, unanswered - 1)
    unsent += 1
    hasAnswered = true
    since = now
  }

  /// The socket has taken an answer, or never will.
  mutating func sent(now: NIODeadline) {
    unsent = max(0, unsent - 1)
    if unanswered == 0 { since = now }
  }

  mutating func lingers(now: NIODeadline) {
    isLingering = true
    since = now
  }
}
