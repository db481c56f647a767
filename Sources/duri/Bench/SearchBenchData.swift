import Foundation
import Retrieval

/// Vectors to search among, and queries.
struct SearchSample: @unchecked Sendable {
  // Safe: nothing is written after `init`.

  let dimension: Int
  let segments: [VectorSegment]
  let queries: [[Float]]
  /// Whoever owns the memory.
  private let owners: [SearchRows]

  /// Rows a segment, as a store has them.
  private static let segmentRows = 65_536

  var count: Int { segments.reduce(0) { $0 + $1.count } }

  /// Vectors alike to an encoder's: subjects within topics within one shared direction, and what is
  /// their own. A topic weighs 0.6, a subject 0.6, a vector's own part 0.5, each of random direction
  /// with a spectrum that falls as an encoder's does; 256 topics, 61 vectors a subject. A query is a
  /// vector with noise of 0.6 of its own part.
  ///
  /// - Parameter shared: weight of the direction common to all.
  init(rows: Int, dimension: Int, shared: Float, largePages: Bool) throws {
    let maker = VectorMaker(rows: rows, dimension: dimension, shared: shared)
    let parts = try stride(from: 0, to: rows, by: Self.segmentRows).map {
      try SearchRows(
        count: min(Self.segmentRows, rows - $0), dimension: dimension,
        largePages: largePages)
    }
    DispatchQueue.concurrentPerform(iterations: parts.count) { part in
      for row in 0..<parts[part].count {
        maker.write(row: part * Self.segmentRows + row, to: parts[part].floats(row))
        parts[part].encode(row)
      }
    }
    self.init(dimension: dimension, owners: parts, queries: maker.queries(512))
  }

  /// - Parameters: files in NumPy's format, float32 of shape (rows, dimension).
  init(vectors: String, queries: String, largePages: Bool) throws {
    let rows = try NPYFile(vectors)
    let asked = try NPYFile(queries)
    guard rows.columns == asked.columns, rows.columns > 0, rows.rows > 0, asked.rows > 0 else {
      throw CommandError(
        "\(vectors) is \(rows.rows) x \(rows.columns), \(queries) is \(asked.rows) x \(asked.columns); "
          + "both need rows of one length")
    }
    let parts = try stride(from: 0, to: rows.rows, by: Self.segmentRows).map { first in
      let part = try SearchRows(
        count: min(Self.segmentRows, rows.rows - first), dimension: rows.columns,
        largePages: largePages)
      for row in 0..<part.count {
        rows.copy(row: first + row, to: part.floats(row))
        part.encode(row)
      }
      return part
    }
    self.init(
      dimension: rows.columns, owners: parts, queries: (0..<min(asked.rows, 512)).map(asked.row))
  }

  private init(dimension: Int, owners: [SearchRows], queries: [[Float]]) {
    self.dimension = dimension
    self.owners = owners
    self.queries = queries
    segments = owners.map(\.segment)
  }

  /// Writes `rows.npy` and `queries.npy`.
  func write(to folder: String) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try write(queries.count, to: folder + "/queries.npy") { file in
      for query in queries { try query.withUnsafeBytes { try file.write(contentsOf: Data($0)) } }
    }
    try write(count, to: folder + "/rows.npy") { file in
      for segment in segments {
        let bytes = segment.count * dimension * MemoryLayout<Float>.size
        try file.write(contentsOf: Data(bytes: segment.f32, count: bytes))
      }
    }
  }

  private func write(
    _ rows: Int, to path: String, _ body: (FileHandle) throws -> Void
  ) throws {
    guard FileManager.default.createFile(atPath: path, contents: nil),
      let file = FileHandle(forWritingAtPath: path)
    else { throw CommandError("\(path) cannot be written") }
    try file.write(contentsOf: NPYWriter.header(rows: rows, columns: dimension))
    try body(file)
    try file.close()
  }
}

/// Rows of one segment in memory, in all forms.
final class SearchRows: @unchecked Sendable {
  // Safe: each row is written by one thread, before anyone reads.

  let count: Int
  private let dimension: Int
  private let codec: RowCodec
  private let f32: UnsafeMutablePointer<Float>
  private let int8: UnsafeMutablePointer<Int8>
  private let scales: UnsafeMutablePointer<Float>
  private let bits: UnsafeMutablePointer<UInt64>
  /// Who owns it all.
  private let memory: [SearchMemory]

  init(count: Int, dimension: Int, largePages: Bool) throws {
    self.count = count
    self.dimension = dimension
    codec = RowCodec(dimension: dimension)
    let bytes = count * codec.paddedDimension
    let memory = try [count * dimension * 4, bytes, count * 4, bytes / 8].map {
      try SearchMemory(byteCount: $0, largePages: largePages)
    }
    self.memory = memory
    f32 = memory[0].bytes.bindMemory(to: Float.self, capacity: count * dimension)
    int8 = memory[1].bytes.bindMemory(to: Int8.self, capacity: bytes)
    scales = memory[2].bytes.bindMemory(to: Float.self, capacity: count)
    bits = memory[3].bytes.bindMemory(to: UInt64.self, capacity: bytes / 64)
  }

  var segment: VectorSegment {
    VectorSegment(count: count, f32: f32, int8: int8, scales: scales, bits: bits)
  }

  func floats(_ row: Int) -> UnsafeMutablePointer<Float> { f32 + row * dimension }

  /// Makes the other forms of a row.
  func encode(_ row: Int) {
    codec.encode(
      floats(row), int8: int8 + row * codec.paddedDimension, scale: scales + row,
      bits: bits + row * codec.words)
  }
}

/// Memory in large pages or in small ones.
private final class SearchMemory {
  let bytes: UnsafeMutableRawPointer
  /// nil: `bytes` is from `malloc`.
  private let large: RowMemory?

  init(byteCount: Int, largePages: Bool) throws(CommandError) {
    large = largePages ? RowMemory(byteCount: byteCount) : nil
    guard let bytes = large?.bytes ?? malloc(byteCount) else {
      throw CommandError("there is no memory for so many vectors; give a smaller --rows")
    }
    self.bytes = bytes
  }

  deinit { if large == nil { free(bytes) } }
}

/// Makes the vectors of ``SearchSample/init(rows:dimension:shared:)``.
struct VectorMaker: Sendable {
  private let rows: Int
  private let dimension: Int
  private let common: [Float]
  private let topics: [[Float]]
  private let subjects: [[Float]]

  init(rows: Int, dimension: Int, shared: Float) {
    self.rows = rows
    self.dimension = dimension
    var generator = SplitMix64(seed: 11)
    var basis: [[Float]] = []
    for axis in 0..<dimension {
      let weight = pow(Float(axis + 1), -0.4)
      basis.append(Self.direction(dimension, &generator).map { $0 * weight })
    }
    func part(_ weight: Float) -> [Float] {
      var sum = [Float](repeating: 0, count: dimension)
      for axis in basis {
        let amount = Self.normal(&generator)
        for index in 0..<dimension { sum[index] += amount * axis[index] }
      }
      return Self.scaled(sum, to: weight)
    }
    common = Self.direction(dimension, &generator).map { $0 * shared }
    topics = (0..<256).map { _ in part(0.6) }
    subjects = (0..<max(1, rows / 61)).map { _ in part(0.6) }
  }

  func write(row: Int, to vector: UnsafeMutablePointer<Float>) {
    for (index, value) in made(row, noise: 0).enumerated() { vector[index] = value }
  }

  func queries(_ count: Int) -> [[Float]] {
    (0..<count).map { made(($0 &* 7919) % rows, noise: 0.3) }
  }

  /// - Parameter noise: length of what is added.
  private func made(_ row: Int, noise: Float) -> [Float] {
    var generator = SplitMix64(seed: UInt64(row) &+ 1_000)
    let subject = Int(generator.next() % UInt64(subjects.count))
    let topic = subject % topics.count
    var sum = Self.scaled(Self.direction(dimension, &generator), to: 0.5)
    for index in 0..<dimension {
      sum[index] += common[index] + topics[topic][index] + subjects[subject][index]
    }
    if noise > 0 {
      let other = Self.direction(dimension, &generator)
      for index in 0..<dimension { sum[index] += noise * other[index] }
    }
    return Self.scaled(sum, to: 1)
  }

  private static func direction(_ dimension: Int, _ generator: inout SplitMix64) -> [Float] {
    scaled((0..<dimension).map { _ in normal(&generator) }, to: 1)
  }

  /// About normal: the sum of eight even numbers of 8 bits.
  private static func normal(_ generator: inout SplitMix64) -> Float {
    var bits = generator.next()
    var sum = 0
    for _ in 0..<8 {
      sum += Int(bits & 255)
      bits >>= 8
    }
    return Float(sum - 1020) / 209
  }

  private static func scaled(_ vector: [Float], to length: Float) -> [Float] {
    let squares = vector.reduce(0) { $0 + $1 * $1 }
    let factor = length / max(squares.squareRoot(), 1e-12)
    return vector.map { $0 * factor }
  }
}
