import Foundation

/// One line of a server benchmark.
struct LoadResult {
  enum Load {
    /// Callers.
    case closed(Int)
    /// Calls a second.
    case open(Double)
  }

  let load: Load
  let summary: LatencySummary

  static let header = row(
    "load", ["calls/s", "tokens/s", "failed", "p50 ms", "p90 ms", "p99 ms", "p99.9 ms", "max ms"])

  var row: String {
    let name =
      switch load {
      case .closed(let callers): "\(callers) callers"
      case .open(let rate): String(format: "%g calls/s", rate)
      }
    return Self.row(
      name,
      [
        String(format: "%.1f", summary.callsPerSecond),
        String(format: "%.0f", summary.tokensPerSecond), String(summary.failed),
      ] + latencies.map { milliseconds($0.1) })
  }

  var json: String {
    let name =
      switch load {
      case .closed(let callers): "\"load\":\"closed\",\"concurrency\":\(callers)"
      case .open(let rate): "\"load\":\"open\",\"rate\":\(rate)"
      }
    let figures = latencies.map { "\"\($0.0)_ms\":\(milliseconds($0.1))" }.joined(separator: ",")
    return "{\(name),\"seconds\":\(String(format: "%.3f", summary.seconds)),"
      + "\"answered\":\(summary.answered),\"failed\":\(summary.failed),"
      + "\"calls_per_s\":\(String(format: "%.1f", summary.callsPerSecond)),"
      + "\"tokens_per_s\":\(String(format: "%.0f", summary.tokensPerSecond)),\(figures)}"
  }

  private var latencies: [(String, Double)] {
    [
      ("p50", summary.p50), ("p90", summary.p90), ("p99", summary.p99), ("p999", summary.p999),
      ("max", summary.max),
    ]
  }

  private static func row(_ name: String, _ cells: [String]) -> String {
    name.padding(toLength: 14, withPad: " ", startingAt: 0)
      + cells.map { String(repeating: " ", count: max(1, 10 - $0.count)) + $0 }.joined()
  }
}
