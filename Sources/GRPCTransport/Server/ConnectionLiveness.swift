import HTTP2
import Logging
import NIOCore

/// The timers of one accepted connection: handshake, signs of life, drain. Used on its event loop only.
///
/// Every timer ends with the connection, so that none keeps a closed one in memory.
final class ConnectionLiveness {
  private let driver: SessionDriver
  private let configuration: GRPCServerConfiguration
  private let logger: Logger
  private let eventLoop: any EventLoop

  private var handshake: Scheduled<Void>?
  private var keepalive: RepeatedTask?
  /// Runs out if a PING brings no sign of life.
  private var silence: Scheduled<Void>?
  private var heardSinceProbe = true
  private var drain: (refusal: Scheduled<Void>, abort: Scheduled<Void>)?

  init(
    driver: SessionDriver, configuration: GRPCServerConfiguration, logger: Logger,
    on eventLoop: any EventLoop
  ) {
    self.driver = driver
    self.configuration = configuration
    self.logger = logger
    self.eventLoop = eventLoop
    handshake = schedule(in: TimeAmount(configuration.handshakeTimeout)) {
      $0.close("no HTTP/2 SETTINGS in time")
    }
    let interval = TimeAmount(configuration.keepaliveInterval)
    let liveness = NIOLoopBound(self, eventLoop: eventLoop)
    keepalive = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      liveness.value.probe()
    }
  }

  /// The connection is gone.
  func stop() {
    handshake?.cancel()
    keepalive?.cancel()
    silence?.cancel()
    drain?.refusal.cancel()
    drain?.abort.cancel()
  }

  /// The client's SETTINGS have come.
  func handshakeDone() {
    handshake?.cancel()
    handshake = nil
  }

  // MARK: - Signs of life

  /// Bytes have come, whatever they say.
  func heard() {
    heardSinceProbe = true
    silence?.cancel()
    silence = nil
  }

  /// A silent connection is asked for a sign of life, and closed if none comes.
  private func probe() {
    defer { heardSinceProbe = false }
    guard !heardSinceProbe, silence == nil else { return }
    driver.session.ping(0)
    driver.flush()
    silence = schedule(in: TimeAmount(configuration.keepaliveTimeout)) {
      $0.close("no answer to PING")
    }
  }

  // MARK: - Drain

  /// Asks the client to open no more streams, refuses those it opens regardless a little later, and closes what is
  /// still open when the drain timeout is over.
  func beginDrain(hasCalls: Bool) {
    guard drain == nil, driver.context != nil else { return }
    driver.session.announceShutdown()
    driver.flush()
    // Streams the client opened before it saw the notice still count; a second is ample for them to arrive.
    drain = (
      refusal: schedule(in: hasCalls ? .seconds(1) : .milliseconds(100)) {
        $0.driver.session.goAway(errorCode: Session.ErrorCode.noError)
        $0.driver.flush()
      },
      abort: schedule(in: TimeAmount(configuration.drainTimeout)) {
        $0.close("calls were still open after the drain timeout")
      }
    )
  }

  // MARK: - Helpers

  private func close(_ reason: Logger.Message) {
    guard let context = driver.context else { return }
    logger.debug("connection closed", metadata: ["reason": "\(reason)"])
    context.close(promise: nil)
  }

  private func schedule(
    in delay: TimeAmount, _ action: @escaping @Sendable (ConnectionLiveness) -> Void
  ) -> Scheduled<Void> {
    let liveness = NIOLoopBound(self, eventLoop: eventLoop)
    return eventLoop.scheduleTask(in: delay) { action(liveness.value) }
  }
}
