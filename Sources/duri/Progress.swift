import Foundation

/// Tells on stderr how far a long run is: on a terminal one line that renews itself, elsewhere a line now and then.
struct Progress {
  private let began = ContinuousClock.now
  private var lastShown = ContinuousClock.now
  private let isTerminal = isatty(STDERR_FILENO) == 1
  private var hasShown = false
  private let unit: String

  /// Nothing is shown for runs shorter than this.
  private static let patience = Duration.seconds(2)

  init(unit: String = "texts") {
    self.unit = unit
  }

  mutating func update(done: Int) {
    let now = ContinuousClock.now
    guard now - began > Self.patience, now - lastShown > .seconds(isTerminal ? 0.5 : 10) else {
      return
    }
    lastShown = now
    show(done, end: isTerminal ? "\r" : "\n")
    hasShown = true
  }

  /// A last line, if there were any before.
  func finish(done: Int) {
    if hasShown { show(done, end: "\n") }
  }

  private func show(_ done: Int, end: String) {
    let seconds = (ContinuousClock.now - began) / .seconds(1)
    let rate = Int(Double(done) / max(seconds, 0.001))
    let line = "duri: \(done) \(unit), \(rate) \(unit)/s, \(Int(seconds)) s"
    FileHandle.standardError.write(Data((line + end).utf8))
  }
}
