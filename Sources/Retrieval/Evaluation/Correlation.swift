/// How well two rows of numbers go together, as sentence similarities and people's judgements.
public enum Correlation {
  /// Pearson's: of the numbers themselves. NaN where fewer than two pairs are given or one side is constant.
  public static func pearson(_ x: [Double], _ y: [Double]) -> Double {
    let count = min(x.count, y.count)
    guard count > 1 else { return .nan }
    var meanX = 0.0, meanY = 0.0
    for index in 0..<count {
      meanX += x[index]
      meanY += y[index]
    }
    meanX /= Double(count)
    meanY /= Double(count)
    var xx = 0.0, yy = 0.0, xy = 0.0
    for index in 0..<count {
      let dx = x[index] - meanX, dy = y[index] - meanY
      xx += dx * dx
      yy += dy * dy
      xy += dx * dy
    }
    guard xx > 0, yy > 0 else { return .nan }
    // One root is exact where both sides are equal; two cannot overflow.
    let product = xx * yy
    let scale = product.isNormal ? product.squareRoot() : xx.squareRoot() * yy.squareRoot()
    return min(max(xy / scale, -1), 1)
  }

  /// Spearman's: Pearson's of the ranks, equal numbers sharing the mean of their ranks.
  public static func spearman(_ x: [Double], _ y: [Double]) -> Double {
    let items = Array(0..<min(x.count, y.count))
    return pearson(RankGroups(x).ranks(of: items), RankGroups(y).ranks(of: items))
  }
}

/// Numbers sorted once, so that the ranks within any selection of them need no sorting.
struct RankGroups {
  /// Of each number the place of its value among the different values, from 0.
  private let groups: [Int]
  private let count: Int

  init(_ values: [Double]) {
    var groups = [Int](repeating: 0, count: values.count)
    var group = -1
    var last: Double?
    for place in values.indices.sorted(by: { values[$0] < values[$1] }) {
      if values[place] != last { group += 1 }
      last = values[place]
      groups[place] = group
    }
    self.groups = groups
    count = group + 1
  }

  /// Ranks from 1 of some of the numbers, among these; equal ones share the mean of theirs.
  ///
  /// - Parameter items: places of numbers; one may occur several times.
  func ranks(of items: [Int]) -> [Double] {
    var sizes = [Int](repeating: 0, count: count)
    for item in items { sizes[groups[item]] += 1 }
    var before = 0
    let ranks = sizes.map { size in
      defer { before += size }
      return Double(before) + Double(size + 1) / 2
    }
    return items.map { ranks[groups[$0]] }
  }
}

/// Similarities held against judgements.
public struct SimilaritySummary: Sendable, Equatable, Codable {
  /// Pairs measured.
  public var pairs: Int
  public var spearman: Estimate
  public var pearson: Estimate

  /// - Parameters:
  ///   - similarities: the model's, one a pair.
  ///   - scores: people's, in the same order.
  public init(similarities: [Double], scores: [Double], bootstrap: Bootstrap = Bootstrap()) {
    let count = min(similarities.count, scores.count)
    pairs = count
    spearman = bootstrap.estimate(count: count, Self.spearman(similarities, scores))
    pearson = bootstrap.estimate(count: count) { items in
      Correlation.pearson(items.map { similarities[$0] }, items.map { scores[$0] })
    }
  }

  private static func spearman(_ x: [Double], _ y: [Double]) -> ([Int]) -> Double {
    let x = RankGroups(x), y = RankGroups(y)
    return { items in Correlation.pearson(x.ranks(of: items), y.ranks(of: items)) }
  }
}
