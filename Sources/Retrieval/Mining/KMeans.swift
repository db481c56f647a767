/// Rows put into groups around their centres.
public struct Clustering: Sendable, Equatable {
  /// One a cluster, in the order of the clusters' first centres; in each the rows in the order of the table.
  /// They are fewer than asked for only where the table has fewer different rows.
  public var groups: [[String]]
  /// Sum over the rows of the squared distance to their cluster's centre.
  public var inertia: Double

  public init(groups: [[String]], inertia: Double) {
    self.groups = groups
    self.inertia = inertia
  }
}

/// k-means by Lloyd's method (1957) from a k-means++ start (Arthur and Vassilvitskii, SODA 2007): until no row
/// changes its cluster, or 100 rounds.
///
/// A cluster that loses all its rows takes the row farthest from its centre, as scikit-learn's does. Runs on
/// all cores; the result does not depend on their number. Not to be called on Swift's cooperative threads.
///
/// - Parameters:
///   - clusters: taken into 1…rows.
///   - seed: of the start; the same seed gives the same clusters.
public func kMeans(
  _ table: VectorTable, clusters: Int, seed: UInt64, cancellation: MiningCancellation? = nil
) -> Clustering {
  let rows = PlainRows(table)
  guard rows.count > 0 else { return Clustering(groups: [], inertia: 0) }
  var means = KMeans(rows, clusters: min(max(clusters, 1), rows.count), cancellation)
  return means.cluster(from: means.start(seed: seed)).named(table.ids)
}

/// Which cluster each row is in.
struct Assignment: Equatable {
  /// (rows)
  var clusters: [Int32]
  /// Clusters there are.
  var count: Int
  var inertia: Double

  func named(_ ids: [String]) -> Clustering {
    var groups = [[String]](repeating: [], count: count)
    for (row, cluster) in clusters.enumerated() { groups[Int(cluster)].append(ids[row]) }
    return Clustering(groups: groups.filter { !$0.isEmpty }, inertia: inertia)
  }
}

/// One run of k-means.
struct KMeans {
  let rows: PlainRows
  let clusters: Int
  let threads: MiningThreads
  /// (rows)
  private var assigned: [Int32]

  static let mostRounds = 100

  /// - Parameter clusters: 1 to the number of rows.
  init(_ rows: PlainRows, clusters: Int, _ cancellation: MiningCancellation? = nil) {
    threads = MiningThreads(cancellation)
    self.rows = rows
    self.clusters = clusters
    assigned = [Int32](repeating: -1, count: rows.count)
  }

  /// - Parameter centres: (clusters, dimension)
  mutating func cluster(from centres: [Float]) -> Assignment {
    var centres = centres
    var rounds = 0
    while assign(to: centres), rounds < Self.mostRounds, !isCancelled {
      centres = means(after: centres)
      rounds += 1
    }
    return Assignment(
      clusters: assigned, count: clusters, inertia: squaredDistances(to: centres).reduce(0, +))
  }

  var isCancelled: Bool { threads.cancellation?.isRequested == true }

  // MARK: Assigning

  /// Puts every row to its nearest centre, of equally near ones the first.
  ///
  /// - Returns: whether a row changed its cluster.
  private mutating func assign(to centres: [Float]) -> Bool {
    let products = RowProducts(
      left: rows.values, rows.count, right: centres, clusters, dimension: rows.dimension)
    // |x - c|² = |x|² - 2 (x·c - |c|²/2): the largest of the last is nearest.
    let halves = (0..<clusters).map { Float(squaredLength(centres, $0) / 2) }
    let blocks = products.blocks
    let nearest = RowValues<Int32>(count: rows.count, 0)
    threads.run(blocks, make: AssignScratch.init) { block, member in
      let range = products.rows(ofBlock: block)
      for place in 0..<range.count { member.best[place] = (-.infinity, 0) }
      products.forEachTile(range, &member.tile) { columns, scores in
        for place in 0..<range.count {
          let scores = scores + place * RowProducts.rightRows
          var best = member.best[place]
          for (index, column) in columns.enumerated() {
            let score = scores[index] - halves[column]
            if score > best.0 { best = (score, column) }
          }
          member.best[place] = best
        }
      }
      for (place, row) in range.enumerated() {
        nearest.set(row, Int32(truncatingIfNeeded: member.best[place].1))
      }
    }
    let found = nearest.taken()
    let changed = found != assigned
    assigned = found
    return changed
  }

  /// Squared distances of all rows to their centres.
  private func squaredDistances(to centres: [Float]) -> [Double] {
    rows.squaredDistances(to: centres, threads) { [assigned] in Int(assigned[$0]) }
  }

  private func squaredLength(_ centres: [Float], _ cluster: Int) -> Double {
    centres[cluster * rows.dimension..<(cluster + 1) * rows.dimension]
      .reduce(0.0) { $0 + Double($1) * Double($1) }
  }

  // MARK: Centres

  /// The mean of each cluster's rows; rows are moved into clusters that have none.
  private func means(after centres: [Float]) -> [Float] {
    let dimension = rows.dimension
    let members = membersOfAll(distancesTo: centres)
    let means = RowValues<Float>(count: clusters * dimension, 0)
    threads.run(clusters, make: { SumScratch(dimension: dimension) }) { [rows] cluster, scratch in
      for index in 0..<dimension { scratch.sums[index] = 0 }
      rows.values.withUnsafeBufferPointer { values in
        for row in members[cluster] {
          let start = Int(row) * dimension
          for index in 0..<dimension { scratch.sums[index] += Double(values[start + index]) }
        }
      }
      let divisor = Double(max(members[cluster].count, 1))
      for index in 0..<dimension {
        means.set(cluster * dimension + index, Float(scratch.sums[index] / divisor))
      }
    }
    return means.taken()
  }

  /// Rows of each cluster in rising order. A cluster that has none is given the row farthest from its centre, of
  /// equally far ones the first, that does not leave its own cluster empty.
  private func membersOfAll(distancesTo centres: [Float]) -> [[Int32]] {
    var members = [[Int32]](repeating: [], count: clusters)
    for (row, cluster) in assigned.enumerated() { members[Int(cluster)].append(Int32(row)) }
    let empty = members.indices.filter { members[$0].isEmpty }
    guard !empty.isEmpty else { return members }
    let distances = squaredDistances(to: centres)
    var farthest = distances.indices.sorted { distances[$0] > distances[$1] }.makeIterator()
    for cluster in empty {
      while let row = farthest.next() {
        let old = Int(assigned[row])
        guard members[old].count > 1 else { continue }
        members[old].removeAll { $0 == row }
        members[cluster] = [Int32(row)]
        break
      }
    }
    return members
  }
}

private final class AssignScratch {
  var tile = RowProducts.makeTile()
  /// (``RowProducts/leftRows``): score and centre.
  var best = [(Float, Int)](repeating: (0, 0), count: RowProducts.leftRows)
}

private final class SumScratch {
  var sums: [Double]

  init(dimension: Int) { sums = [Double](repeating: 0, count: dimension) }
}
