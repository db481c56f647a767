import Foundation

/// One line of an engine benchmark; the JSON's fields are those of deploy/peers.
struct EngineResult {
  let engine: String
  let workload: String
  /// Tokens of one repetition.
  let tokens: Int
  /// Of one repetition.
  let statistics: SampleStatistics

  var tokensPerSecond: Double { Double(tokens) / max(statistics.median, 1e-9) }

  static let header =
    columns("engine", "workload", "n", "median ms", "p90 ms", "tokens/s")

  var row: String {
    Self.columns(
      engine, workload, String(statistics.count), milliseconds(statistics.median),
      milliseconds(statistics.p90), String(format: "%.0f", tokensPerSecond))
  }

  var json: String {
    "{\"engine\":\(quoted(engine)),\"workload\":\(quoted(workload)),\"n\":\(statistics.count),"
      + "\"median_ms\":\(milliseconds(statistics.median)),"
      + "\"p90_ms\":\(milliseconds(statistics.p90)),"
      + "\"tokens_per_s\":\(String(format: "%.0f", tokensPerSecond))}"
  }

  private static func columns(_ name: String, _ cells: String...) -> String {
    name.padding(toLength: 12, withPad: " ", startingAt: 0)
      + cells.map { String(repeating: " ", count: max(1, 11 - $0.count)) + $0 }.joined()
  }
}

/// Seconds as milliseconds with the digits that a measurement is good for.
func milliseconds(_ seconds: Double) -> String {
  String(format: "%.3f", seconds * 1e3)
}
