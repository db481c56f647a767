import Foundation

/// A matrix of float32 in NumPy's format, as `NPYWriter` writes it.
struct NPYFile {
  let rows: Int
  let columns: Int
  private let data: Data
  /// Bytes before the first row.
  private let start: Int

  init(_ path: String) throws {
    guard let data = try? Data(contentsOf: URL(fileURLWithPath: path), options: .alwaysMapped) else {
      throw CommandError("\(path) cannot be read")
    }
    let wrong = CommandError("\(path) is not a matrix of float32 in NumPy's format")
    guard data.count >= 10, data.prefix(6) == Data([0x93]) + Data("NUMPY".utf8) else { throw wrong }
    start = 10 + Int(data[8]) + Int(data[9]) << 8
    guard data.count >= start, let header = String(data: data[10..<start], encoding: .utf8),
      header.contains("'<f4'"), header.contains("'fortran_order': False"),
      let open = header.firstIndex(of: "("),
      let close = header[open...].firstIndex(of: ")")
    else { throw wrong }
    let shape = header[header.index(after: open)..<close].split(separator: ",").compactMap {
      Int($0.trimmingCharacters(in: .whitespaces))
    }
    guard shape.count == 2, shape.allSatisfy({ (0...1 << 31).contains($0) }), shape[1] <= 4096,
      data.count - start == shape[0] * shape[1] * MemoryLayout<Float>.size
    else { throw wrong }
    rows = shape[0]
    columns = shape[1]
    self.data = data
  }

  func copy(row: Int, to vector: UnsafeMutablePointer<Float>) {
    let size = columns * MemoryLayout<Float>.size
    data.withUnsafeBytes { bytes in
      UnsafeMutableRawBufferPointer(start: vector, count: size).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: bytes[start + row * size..<start + (row + 1) * size]))
    }
  }

  func row(_ row: Int) -> [Float] {
    Array(unsafeUninitializedCapacity: columns) { buffer, count in
      if let base = buffer.baseAddress { copy(row: row, to: base) }
      count = columns
    }
  }
}
