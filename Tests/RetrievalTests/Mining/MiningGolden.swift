import Foundation

@testable import Retrieval

/// What `Goldens/mining.py` writes.
struct MiningGolden: Decodable {
  struct Paraphrases: Decodable {
    var neighbours: Int
    var limit: Int
    /// Score and two rows.
    var pairs: [[Double]]
  }

  struct Communities: Decodable {
    var threshold: Float
    var minimum_size: Int
    var groups: [[Int]]
  }

  struct Search: Decodable {
    var queries: [[Float]]
    var limit: Int
    /// Row and score.
    var hits: [[[Double]]]
  }

  struct Clusterings: Decodable {
    var start: [[Float]]
    var labels: [Int32]
    var inertia: Double
  }

  struct Projection: Decodable {
    var points: [[Double]]
    var shares: [Double]
  }

  var vectors: [[Float]]
  var paraphrases: [Paraphrases]
  var communities: [Communities]
  var search: Search
  var cosines: [Float]
  var clusterings: [Clusterings]
  var projection: Projection

  static func load() throws -> MiningGolden {
    let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("../../Goldens/mining/mining.json")
    return try JSONDecoder().decode(MiningGolden.self, from: Data(contentsOf: file))
  }

  var table: VectorTable { VectorTable(vectors) }
}

extension VectorTable {
  /// Rows whose ids are their numbers.
  init(_ rows: [[Float]]) {
    self.init(
      ids: rows.indices.map { "\($0)" }, values: rows.flatMap { $0 },
      dimension: rows.first?.count ?? 1)
  }
}

/// Many unit rows around some directions.
func groupedRows(_ count: Int, dimension: Int, groups: Int, spread: Float) -> [[Float]] {
  var numbers = SplitMix64(seed: 11)
  func vector(_ numbers: inout SplitMix64) -> [Float] {
    (0..<dimension).map { _ in Float(numbers.fraction() * 2 - 1) }
  }
  let centres = (0..<groups).map { _ in vector(&numbers) }
  return (0..<count).map { row in
    let noise = vector(&numbers)
    let mixed = zip(centres[row % groups], noise).map { $0 + spread * $1 }
    let length = mixed.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return mixed.map { $0 / length }
  }
}

/// In double.
func plainCosine(_ a: [Float], _ b: [Float]) -> Double {
  func dot(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
  }
  return dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
}
