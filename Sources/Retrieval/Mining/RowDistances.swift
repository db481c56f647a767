extension PlainRows {
  /// Of every row the squared distance to one of some centres.
  ///
  /// - Parameters:
  ///   - centres: row-major, of the rows' dimension.
  ///   - centre: number of the centre that belongs to a row.
  func squaredDistances(
    to centres: [Float], _ threads: MiningThreads, _ centre: @escaping (_ row: Int) -> Int
  ) -> [Double] {
    let distances = RowValues<Double>(count: count, 0)
    let pieceRows = 1024
    threads.run((count + pieceRows - 1) / pieceRows, make: NoScratch.init) { piece, _ in
      values.withUnsafeBufferPointer { values in
        centres.withUnsafeBufferPointer { centres in
          guard let values = values.baseAddress, let centres = centres.baseAddress else { return }
          for row in piece * pieceRows..<min((piece + 1) * pieceRows, count) {
            distances.set(
              row, squaredDistance(values + row * dimension, centres + centre(row) * dimension, dimension))
          }
        }
      }
    }
    return distances.taken()
  }
}

private final class NoScratch {}

/// Summed in 16 lanes, so that it is the same everywhere.
private func squaredDistance(
  _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int
) -> Double {
  let rawA = UnsafeRawPointer(a), rawB = UnsafeRawPointer(b)
  var sums = SIMD16<Float>.zero
  var index = 0
  while index + 16 <= count {
    let difference =
      rawA.loadUnaligned(fromByteOffset: index * 4, as: SIMD16<Float>.self)
      - rawB.loadUnaligned(fromByteOffset: index * 4, as: SIMD16<Float>.self)
    sums += difference * difference
    index += 16
  }
  var sum = Double(sums.sum())
  while index < count {
    let difference = a[index] - b[index]
    sum += Double(difference * difference)
    index += 1
  }
  return sum
}

/// Values that threads put in their places.
final class RowValues<Element: BitwiseCopyable>: @unchecked Sendable {
  // Safe: each place is written by one thread, and read after all of them have finished.
  private let values: UnsafeMutableBufferPointer<Element>

  init(count: Int, _ initial: Element) {
    values = .allocate(capacity: count)
    values.initialize(repeating: initial)
  }

  deinit { values.deallocate() }

  func set(_ place: Int, _ value: Element) { values[place] = value }

  func taken() -> [Element] { Array(values) }
}
