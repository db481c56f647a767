/// Percentile bootstrap (Efron 1979): how a number changes when its items are drawn again with replacement.
public struct Bootstrap: Sendable {
  public var resamples: Int
  /// The same seed gives the same interval.
  public var seed: UInt64

  /// - Parameter resamples: at least 1.
  public init(resamples: Int = 1_000, seed: UInt64 = 0) {
    self.resamples = max(resamples, 1)
    self.seed = seed
  }

  /// The mean of the values, 0 where there are none.
  public func mean(_ values: [Double]) -> Estimate {
    estimate(count: values.count) { items in
      guard !items.isEmpty else { return 0 }
      var sum = 0.0
      for item in items { sum += values[item] }
      return sum / Double(items.count)
    }
  }

  /// A number made of items, and the 2.5th and 97.5th percentile (interpolated linearly) of it over resamples.
  ///
  /// - Parameters:
  ///   - count: items there are.
  ///   - statistic: of some items, by number; of all of them first. Resamples for which it is no number do
  ///     not count.
  public func estimate(count: Int, _ statistic: ([Int]) -> Double) -> Estimate {
    let value = statistic(Array(0..<count))
    guard count > 0 else { return Estimate(value: value, low: value, high: value) }
    var numbers = SplitMix64(seed: seed)
    var items = [Int](repeating: 0, count: count)
    var results: [Double] = []
    results.reserveCapacity(resamples)
    for _ in 0..<resamples {
      for index in items.indices { items[index] = numbers.index(below: count) }
      let result = statistic(items)
      if !result.isNaN { results.append(result) }
    }
    results.sort()
    return Estimate(
      value: value, low: Self.percentile(results, 0.025) ?? value,
      high: Self.percentile(results, 0.975) ?? value)
  }

  /// Of sorted values, as numpy's default: at share × (count - 1), interpolated.
  static func percentile(_ sorted: [Double], _ share: Double) -> Double? {
    guard let last = sorted.last else { return nil }
    let place = share * Double(sorted.count - 1)
    let index = Int(place)
    guard index + 1 < sorted.count else { return last }
    return sorted[index] + (place - Double(index)) * (sorted[index + 1] - sorted[index])
  }
}
