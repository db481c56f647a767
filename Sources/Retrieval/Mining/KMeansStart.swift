extension KMeans {
  /// The k-means++ start: the first centre is any row, every further one a row drawn with the square of its
  /// distance to the nearest centre so far. Rows that lie on centres are taken, in order, only when no
  /// others are left.
  ///
  /// - Returns: (clusters, dimension)
  func start(seed: UInt64) -> [Float] {
    var numbers = SplitMix64(seed: seed)
    var nearest = [Double](repeating: .infinity, count: rows.count)
    var isCentre = [Bool](repeating: false, count: rows.count)
    var centres: [Float] = []
    centres.reserveCapacity(clusters * rows.dimension)
    var row = numbers.index(below: rows.count)
    while true {
      isCentre[row] = true
      centres += rows.values[row * rows.dimension..<(row + 1) * rows.dimension]
      if centres.count == clusters * rows.dimension { return centres }
      if isCancelled {
        return centres + [Float](repeating: 0, count: clusters * rows.dimension - centres.count)
      }
      let total = approach(centres.suffix(rows.dimension), &nearest)
      row = draw(numbers.fraction() * total, nearest) ?? isCentre.firstIndex(of: false) ?? 0
    }
  }

  /// Takes a new centre into account; returns the sum of the squared distances.
  private func approach(_ centre: ArraySlice<Float>, _ nearest: inout [Double]) -> Double {
    let distances = rows.squaredDistances(to: Array(centre), threads) { _ in 0 }
    var total = 0.0
    for row in nearest.indices {
      nearest[row] = min(nearest[row], distances[row])
      total += nearest[row]
    }
    return total
  }

  /// The row at which the running sum passes `target`; nil if all distances are 0.
  private func draw(_ target: Double, _ nearest: [Double]) -> Int? {
    var sum = 0.0
    var last: Int?
    for (row, distance) in nearest.enumerated() where distance > 0 {
      sum += distance
      last = row
      if sum > target { return row }
    }
    return last
  }
}
