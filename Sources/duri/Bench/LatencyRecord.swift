import Histogram
import Synchronization

/// What came back from a server under load. Shared by all calls of one run.
final class LatencyRecord: Sendable {
  private struct State {
    /// Nanoseconds, to three significant digits.
    var latencies = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
    var answered = 0
    var tokens = 0
    /// Calls by the name of the status they failed with.
    var failures: [String: Int] = [:]
  }

  private let state = Mutex(State())

  /// A call that was answered: `tokens` were computed for it.
  func answered(after latency: Duration, tokens: Int) {
    state.withLock { state in
      state.latencies.record(Self.nanoseconds(latency))
      state.answered += 1
      state.tokens += tokens
    }
  }

  /// A call that was not. Its latency counts nowhere: refusing is quick.
  func failed(_ code: String) {
    state.withLock { $0.failures[code, default: 0] += 1 }
  }

  /// - Parameter elapsed: from the first call's start to the last one's end.
  func summary(elapsed: Duration) -> LatencySummary {
    state.withLock { state in
      func at(_ percentile: Double) -> Double {
        Double(state.latencies.valueAtPercentile(percentile)) / 1e9
      }
      return LatencySummary(
        answered: state.answered, failures: state.failures, tokens: state.tokens,
        seconds: elapsed / .seconds(1), p50: at(50), p90: at(90), p99: at(99), p999: at(99.9),
        max: Double(state.latencies.max) / 1e9)
    }
  }

  private static func nanoseconds(_ duration: Duration) -> UInt64 {
    UInt64(max(0, min(duration / .nanoseconds(1), 3.6e12)))
  }
}

/// Figures of one run; latencies are in seconds and of answered calls only.
struct LatencySummary: Equatable {
  let answered: Int
  let failures: [String: Int]
  let tokens: Int
  let seconds: Double
  let p50: Double
  let p90: Double
  let p99: Double
  let p999: Double
  let max: Double

  var failed: Int { failures.values.reduce(0, +) }
  var callsPerSecond: Double { Double(answered) / Swift.max(seconds, 1e-9) }
  var tokensPerSecond: Double { Double(tokens) / Swift.max(seconds, 1e-9) }
}
