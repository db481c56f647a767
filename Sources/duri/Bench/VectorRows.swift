/// Vectors of one length, laid out for ``MostSimilarPair``: rows padded with zeros to whole SIMD
/// vectors, and zero rows to whole groups of rows.
struct VectorRows {
  /// Vectors; rows behind them are zero.
  let count: Int
  /// Components of one vector.
  let dimension: Int
  /// SIMD vectors of one row.
  let stride: Int
  /// (rows, stride)
  private(set) var storage: [SIMD4<Float>]

  /// Rows that are computed together.
  static let group = 3

  /// `count` zero vectors.
  init(count: Int, dimension: Int) {
    self.count = count
    self.dimension = dimension
    stride = (dimension + 3) / 4
    let rows = (count + Self.group - 1) / Self.group * Self.group
    storage = Array(repeating: .zero, count: rows * stride)
  }

  /// - Parameters:
  ///   - row: 0..<count.
  ///   - vector: (dimension)
  mutating func set(_ row: Int, to vector: [Float]) {
    for (component, value) in vector.prefix(dimension).enumerated() {
      storage[row * stride + component / 4][component % 4] = value
    }
  }

  /// Dot product of two rows, summed in double.
  func dot(_ a: Int, _ b: Int) -> Double {
    var sum = 0.0
    for k in 0..<stride {
      sum += (SIMD4<Double>(storage[a * stride + k]) * SIMD4<Double>(storage[b * stride + k])).sum()
    }
    return sum
  }
}
