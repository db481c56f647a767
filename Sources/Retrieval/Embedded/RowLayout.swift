/// How a collection's rows lie in files: four for every segment, each an array over its rows.
struct RowLayout: Sendable, Equatable {
  let codec: RowCodec
  /// Rows a segment; a multiple of 64.
  let segmentRows: Int

  /// Part of the files' names: another form of rows makes them anew.
  static let version = 1

  enum Part: String, CaseIterable, Sendable {
    case f32, int8, scales, bits
  }

  init(dimension: Int, segmentRows: Int) {
    codec = RowCodec(dimension: dimension)
    self.segmentRows = segmentRows
  }

  static func == (a: RowLayout, b: RowLayout) -> Bool {
    a.codec.dimension == b.codec.dimension && a.segmentRows == b.segmentRows
  }

  /// Bytes of one row in a part's file.
  func rowBytes(_ part: Part) -> Int {
    switch part {
    case .f32: codec.dimension * MemoryLayout<Float>.size
    case .int8: codec.paddedDimension
    case .scales: MemoryLayout<Float>.size
    case .bits: codec.paddedDimension / 8
    }
  }

  /// Such as `3-1024.v1.int8`: segment, rows a segment, version, part.
  func fileName(segment: Int, _ part: Part) -> String {
    "\(segment)-\(segmentRows).v\(Self.version).\(part.rawValue)"
  }
}

/// Rows in all their forms, encoded and waiting for their place.
struct EncodedRows: Sendable {
  let layout: RowLayout
  private(set) var f32: [Float] = []
  private(set) var int8: [Int8] = []
  private(set) var scales: [Float] = []
  private(set) var bits: [UInt64] = []
  /// A number for each row's bytes.
  private(set) var digests: [UInt64] = []

  var count: Int { digests.count }

  init(layout: RowLayout) { self.layout = layout }

  mutating func reserveCapacity(_ rows: Int) {
    let (dimension, padded) = (layout.codec.dimension, layout.codec.paddedDimension)
    f32.reserveCapacity(rows * dimension)
    int8.reserveCapacity(rows * padded)
    bits.reserveCapacity(rows * padded / 64)
    scales.reserveCapacity(rows)
    digests.reserveCapacity(rows)
  }

  /// - Parameter vector: `dimension` components.
  mutating func append(_ vector: UnsafeBufferPointer<Float>) {
    let codec = layout.codec
    guard vector.count == codec.dimension, let base = vector.baseAddress else { return }
    let row = count
    f32.append(contentsOf: vector)
    int8.append(contentsOf: repeatElement(0, count: codec.paddedDimension))
    scales.append(0)
    bits.append(contentsOf: repeatElement(0, count: codec.words))
    int8.withUnsafeMutableBufferPointer { int8 in
      bits.withUnsafeMutableBufferPointer { bits in
        scales.withUnsafeMutableBufferPointer { scales in
          if let int8 = int8.baseAddress, let bits = bits.baseAddress, let scales = scales.baseAddress {
            codec.encode(
              base, int8: int8 + row * codec.paddedDimension, scale: scales + row,
              bits: bits + row * codec.words)
          }
        }
      }
    }
    digests.append(digest(row))
  }

  /// A row that no document has any more: zeros.
  mutating func appendEmpty() {
    f32.append(contentsOf: repeatElement(0, count: layout.codec.dimension))
    int8.append(contentsOf: repeatElement(0, count: layout.codec.paddedDimension))
    scales.append(0)
    bits.append(contentsOf: repeatElement(0, count: layout.codec.words))
    digests.append(digest(count))
  }

  /// The bytes of these rows in a part's file.
  func withBytes<Result>(
    _ part: RowLayout.Part, _ rows: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let size = layout.rowBytes(part)
    let range = (rows.lowerBound * size)..<(rows.upperBound * size)
    func slice(_ bytes: UnsafeRawBufferPointer) throws -> Result {
      try body(UnsafeRawBufferPointer(rebasing: bytes[range]))
    }
    return switch part {
    case .f32: try f32.withUnsafeBytes(slice)
    case .int8: try int8.withUnsafeBytes(slice)
    case .scales: try scales.withUnsafeBytes(slice)
    case .bits: try bits.withUnsafeBytes(slice)
    }
  }

  private func digest(_ row: Int) -> UInt64 {
    RowLayout.Part.allCases.reduce(0) { seed, part in
      withBytes(part, row..<(row + 1)) { RowDigest.digest($0, seed: seed) }
    }
  }
}
