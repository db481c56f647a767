import COpenBLAS

extension PlainRows {
  /// (dimension)
  func mean() -> [Double] {
    var sums = [Double](repeating: 0, count: dimension)
    guard count > 0 else { return sums }
    values.withUnsafeBufferPointer { values in
      for row in 0..<count {
        for index in 0..<dimension { sums[index] += Double(values[row * dimension + index]) }
      }
    }
    return sums.map { $0 / Double(count) }
  }

  /// Mean products of the components' distances to their means: row-major (dimension, dimension), symmetric.
  ///
  /// Products of some hundred rows are summed in single, all of them in double precision.
  func covariance(around mean: [Double], _ cancellation: MiningCancellation? = nil) -> [Double] {
    _ = RowProducts.singleThreaded
    let size = dimension * dimension
    var sums = [Double](repeating: 0, count: size)
    let blockRows = 512
    var centred = [Float](repeating: 0, count: min(blockRows, max(count, 1)) * dimension)
    var block = [Float](repeating: 0, count: size)
    for start in stride(from: 0, to: count, by: blockRows) {
      if cancellation?.isRequested == true { break }
      let rows = min(blockRows, count - start)
      for row in 0..<rows {
        for index in 0..<dimension {
          centred[row * dimension + index] = Float(
            Double(values[(start + row) * dimension + index]) - mean[index])
        }
      }
      cblas_ssyrk(
        CblasRowMajor, CblasUpper, CblasTrans, blasint(truncatingIfNeeded: dimension), blasint(rows),
        1, centred, blasint(truncatingIfNeeded: dimension), 0, &block,
        blasint(truncatingIfNeeded: dimension))
      for row in 0..<dimension {
        for index in row * dimension + row..<(row + 1) * dimension { sums[index] += Double(block[index]) }
      }
    }
    let divisor = Double(max(count, 1))
    for row in 0..<dimension {
      for column in row..<dimension {
        let value = sums[row * dimension + column] / divisor
        sums[row * dimension + column] = value
        sums[column * dimension + row] = value
      }
    }
    return sums
  }
}
