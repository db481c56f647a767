import CKernels

/// Makes the forms of a vector that a ``VectorSegment`` keeps.
public struct RowCodec: Sendable {
  /// Components of a vector.
  public let dimension: Int
  /// `dimension` rounded up to a multiple of 64: bytes of a row in int8.
  public let paddedDimension: Int

  /// - Parameter dimension: 1 to 4,096.
  public init(dimension: Int) {
    self.dimension = dimension
    paddedDimension = Self.padded(dimension)
  }

  /// Words of a row's signs.
  public var words: Int { paddedDimension / 64 }

  /// Writes all forms of one vector.
  ///
  /// - Parameters:
  ///   - vector: (dimension). One that is not finite becomes zeros with scale 0.
  ///   - int8: (paddedDimension)
  ///   - scale: one value.
  ///   - bits: (paddedDimension / 64)
  public func encode(
    _ vector: UnsafePointer<Float>, int8: UnsafeMutablePointer<Int8>,
    scale: UnsafeMutablePointer<Float>, bits: UnsafeMutablePointer<UInt64>
  ) {
    duri_search_encode_int8(int8, scale, vector, dimension)
    duri_search_encode_bits(bits, vector, dimension)
  }

  static func padded(_ dimension: Int) -> Int { (dimension + 63) / 64 * 64 }
}
