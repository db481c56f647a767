import Dispatch
import Foundation

/// Where one thread sleeps until another one has work for it.
///
/// Signals are counted, so one that comes before the thread sleeps is not lost; a thread that wakes
/// looks again at what there is to do, so one too many does no harm.
struct Parker: Sendable {
  private let semaphore = DispatchSemaphore(value: 0)

  func park() {
    semaphore.wait()
  }

  /// At most an hour: the caller looks again anyway.
  func park(for duration: Duration) {
    let seconds = min(max(duration / .seconds(1), 0), 3600)
    _ = semaphore.wait(timeout: .now() + seconds)
  }

  func unpark() {
    semaphore.signal()
  }
}

enum EngineThread {
  /// Starts a thread of our own: blocking C never runs on Swift's cooperative pool.
  ///
  /// - Parameter name: the first 15 bytes show in tools.
  static func start(_ name: String, _ body: @escaping @Sendable () -> Void) {
    let thread = Thread {
      // Set from within: on Linux a name given before the start is not passed on to the system.
      Thread.current.name = name
      body()
    }
    thread.stackSize = 8 << 20
    thread.start()
  }
}
