import Foundation

/// NumPy's format, version 1.0: a header that names the shape, then rows of little-endian float32.
///
/// The number of rows is known only at the end, so rows wait in an unnamed temporary file.
struct NPYWriter: VectorWriter {
  private let output: FileHandle
  private let rows: FileHandle
  private var count = 0
  /// Known from the first vector on.
  private var dimension: Int?

  init(_ output: FileHandle) throws {
    self.output = output
    let path = NSTemporaryDirectory() + "duri-\(UUID().uuidString).rows"
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let handle = FileHandle(forUpdatingAtPath: path)
    else { throw CommandError("\(path) cannot be written; point TMPDIR to a folder with room") }
    // The open handle keeps the file until the program ends, however it ends.
    unlink(path)
    rows = handle
  }

  mutating func write(_ result: EmbedResult, index: Int) throws {
    count += 1
    guard case .success(let text) = result else {
      if let dimension { try append(Array(repeating: .nan, count: dimension)) }
      return
    }
    if dimension == nil {
      dimension = text.vector.count
      for _ in 1..<count { try append(Array(repeating: .nan, count: text.vector.count)) }
    }
    try append(text.vector)
  }

  mutating func finish() throws {
    try output.write(contentsOf: Self.header(rows: count, columns: dimension ?? 0))
    try rows.seek(toOffset: 0)
    while let chunk = try rows.read(upToCount: 1 << 20), !chunk.isEmpty {
      try output.write(contentsOf: chunk)
    }
  }

  private func append(_ row: [Float]) throws {
    var bytes = Data(capacity: row.count * 4)
    for component in row {
      withUnsafeBytes(of: component.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    try rows.write(contentsOf: bytes)
  }

  /// Padded with spaces so that the rows begin at a multiple of 64 bytes, as the format asks.
  static func header(rows: Int, columns: Int) -> Data {
    let dictionary =
      "{'descr': '<f4', 'fortran_order': False, 'shape': (\(rows), \(columns)), }"
    let unpadded = 10 + dictionary.utf8.count + 1
    let padding = (64 - unpadded % 64) % 64
    let text = dictionary + String(repeating: " ", count: padding) + "\n"
    var header = Data([0x93]) + Data("NUMPY".utf8) + Data([1, 0])
    header.append(UInt8(truncatingIfNeeded: text.utf8.count))
    header.append(UInt8(truncatingIfNeeded: text.utf8.count >> 8))
    return header + Data(text.utf8)
  }
}
