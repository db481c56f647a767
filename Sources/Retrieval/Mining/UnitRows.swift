/// Vectors of length 1, row by row: their inner products are cosines.
struct UnitRows {
  let count: Int
  /// At least 1, unless there are no rows.
  let dimension: Int
  /// (count, dimension)
  let values: [Float]

  /// Rows of other lengths are divided by theirs, as sentence-transformers does; zeros stay zeros. Rows that
  /// all have length 1 already are shared, not copied.
  init(_ table: VectorTable) {
    let rows = PlainRows(table)
    count = rows.count
    dimension = rows.dimension
    let lengths = rows.squaredLengths().map { $0.squareRoot() }
    guard lengths.contains(where: { abs($0 - 1) > 1e-6 }) else {
      values = rows.values
      return
    }
    var values = rows.values
    values.withUnsafeMutableBufferPointer { values in
      for (row, length) in lengths.enumerated() {
        let factor = 1 / max(length, 1e-12)
        for index in row * rows.dimension..<(row + 1) * rows.dimension {
          values[index] = Float(Double(values[index]) * factor)
        }
      }
    }
    self.values = values
  }
}

/// Vectors as a table has them, with a count that its parts agree on.
struct PlainRows {
  let count: Int
  let dimension: Int
  /// (count, dimension) at least
  let values: [Float]

  /// Takes the rows that have an id and all their components.
  init(_ table: VectorTable) {
    let isUsable = table.dimension > 0 && table.dimension <= CollectionLimits.dimension
    dimension = isUsable ? table.dimension : 1
    // Rows are numbered with 32 bits.
    count = isUsable ? min(table.ids.count, table.values.count / dimension, Int(Int32.max)) : 0
    values = table.values
  }

  /// Of every row, summed in double.
  func squaredLengths() -> [Double] {
    values.withUnsafeBufferPointer { values in
      (0..<count).map { row in
        var sum = 0.0
        for index in row * dimension..<(row + 1) * dimension {
          sum += Double(values[index]) * Double(values[index])
        }
        return sum
      }
    }
  }
}
