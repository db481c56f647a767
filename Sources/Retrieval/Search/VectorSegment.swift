/// One run of rows as the store keeps them, usually mapped files. All pointers stay valid, and what
/// they point to unchanged for the rows counted, while a search runs.
public struct VectorSegment: @unchecked Sendable {
  // Safe: a search only reads, and the store keeps what the pointers show while one runs.

  /// Rows; up to 2³² together with the segments before it.
  public var count: Int
  /// (count, dimension)
  public var f32: UnsafePointer<Float>
  /// (count, padded dimension), zeros beyond the dimension; component ≈ byte × scale.
  public var int8: UnsafePointer<Int8>
  /// (count)
  public var scales: UnsafePointer<Float>
  /// (count, padded dimension / 64): component i in bit i % 64 of word i / 64, 1 where it is positive.
  public var bits: UnsafePointer<UInt64>
  /// (count / 64, rounded up): row r in bit r % 64 of word r / 64, 1 where the row can be found. nil: all.
  public var live: UnsafePointer<UInt64>?

  public init(
    count: Int, f32: UnsafePointer<Float>, int8: UnsafePointer<Int8>,
    scales: UnsafePointer<Float>, bits: UnsafePointer<UInt64>, live: UnsafePointer<UInt64>? = nil
  ) {
    self.count = count
    self.f32 = f32
    self.int8 = int8
    self.scales = scales
    self.bits = bits
    self.live = live
  }
}

/// A row and its exact score.
public struct ScoredRow: Sendable, Equatable {
  /// Running number over the segments of a search.
  public var row: Int
  /// Inner product with the query, in f32.
  public var score: Float

  public init(row: Int, score: Float) {
    self.row = row
    self.score = score
  }
}
