/// What is told of a list of measured times. Exact: every sample is kept.
struct SampleStatistics: Equatable {
  let count: Int
  /// Seconds; the mean of the two middle samples if their number is even.
  let median: Double
  /// Seconds; the smallest sample that at least nine tenths of all lie below.
  let p90: Double

  /// - Parameter samples: seconds, in any order.
  /// - Returns: nil without samples.
  init?(_ samples: [Double]) {
    let sorted = samples.sorted()
    guard let last = sorted.last else { return nil }
    count = sorted.count
    let middle = sorted.count / 2
    median =
      sorted.count % 2 == 0 ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    let rank = sorted.count * 9 / 10
    p90 = rank < sorted.count ? sorted[rank] : last
  }
}

/// Times `body` again and again for at least `seconds` and at least `minimum` times.
///
/// - Returns: seconds of each repetition.
func sample(
  seconds: Double, minimum: Int = 3, isolation: isolated (any Actor)? = #isolation,
  _ body: () async throws -> Void
) async throws -> [Double] {
  var samples: [Double] = []
  let clock = ContinuousClock()
  let began = clock.now
  while samples.count < minimum || (clock.now - began) / .seconds(1) < seconds {
    let start = clock.now
    try await body()
    samples.append((clock.now - start) / .seconds(1))
  }
  return samples
}
