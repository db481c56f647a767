import Foundation
import ModelFiles
import Testing

@testable import Encoder

/// A golden written by `Goldens/encoder.py`.
struct Golden: Decodable {
  struct Case: Decodable {
    let label: String
    let ids: [Int32]
    /// Pooling → L2-normalised vector.
    let vectors: [String: [Float]]
  }

  let magic: String
  let version: Int
  let tolerance: Float
  let cases: [Case]

  static func read(_ path: String) throws -> Golden {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let golden = try JSONDecoder().decode(Golden.self, from: data)
    try #require(golden.magic == "duri-encoder-golden")
    try #require(golden.version == 1)
    try #require(!golden.cases.isEmpty)
    return golden
  }

  /// Largest difference over all cases, each text alone and then all in shuffled blocks.
  func check(
    _ encoder: TransformerEncoder, pooling: Pooling, label: String, blockTokens: Int
  ) throws {
    let workspace = encoder.makeWorkspace(tokens: blockTokens)
    var largest: Float = 0
    func compare(_ expected: Case, _ vector: [Float], _ how: String) throws {
      let reference = try #require(expected.vectors[pooling.rawValue])
      let difference = largestDifference(normalized(vector), reference)
      largest = max(largest, difference)
      #expect(
        difference <= tolerance,
        "\(label), \(pooling.rawValue), \(expected.label), \(how): max diff \(difference)")
    }
    var alone: [String: [Float]] = [:]
    for expected in cases {
      let vector = try vectors([expected.ids], encoder, workspace)[0]
      alone[expected.label] = vector
      try compare(expected, vector, "alone")
    }
    func checkBlock(_ block: [Case]) throws {
      for (one, vector) in zip(block, try vectors(block.map(\.ids), encoder, workspace)) {
        try compare(one, vector, "in a block")
        guard encoder.isBlockInvariant else { continue }
        #expect(sameBits(vector, alone[one.label] ?? []), "\(label), \(one.label): other bits")
      }
    }
    var numbers = Numbers(seed: 1)
    for _ in 0..<3 {
      var block: [Case] = []
      for expected in cases.shuffled(using: &numbers) {
        let tokens = block.reduce(0) { $0 + $1.ids.count }
        if tokens + expected.ids.count > blockTokens {
          try checkBlock(block)
          block = []
        }
        block.append(expected)
      }
      try checkBlock(block)
    }
    print("\(label) \(encoder.kernelsName) \(pooling.rawValue): max diff \(largest)")
  }
}

@Suite struct GoldenTests {
  @Test(arguments: tinyCheckpoints)
  func tinyCheckpointAgrees(name: String) throws {
    let golden = try Golden.read(tinyFolder(name) + "/golden.json")
    let poolings = try #require(golden.cases.first).vectors.keys.sorted()
    for pooling in try poolings.map({ try #require(Pooling(rawValue: $0)) }) {
      let folder = try ModelFolder.open(path: tinyFolder(name), pooling: pooling)
      for kernels in availableKernels {
        let encoder = try TransformerEncoder(folder, precision: .f32, kernels: kernels)
        try golden.check(encoder, pooling: pooling, label: name, blockTokens: 600)
      }
    }
  }

  static let folder = ProcessInfo.processInfo.environment["DURI_ENCODER_GOLDENS"]

  /// DURI_ENCODER_GOLDENS names a folder with checkpoints `NAME/` and goldens `goldens/NAME.json`
  /// (`Goldens/encoder.py golden NAME goldens/NAME.json`).
  @Test(.enabled(if: folder != nil))
  func realCheckpointsAgree() throws {
    let root = URL(fileURLWithPath: try #require(Self.folder))
    let goldens = try FileManager.default.contentsOfDirectory(
      at: root.appendingPathComponent("goldens"), includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "json" }
    try #require(!goldens.isEmpty)
    for file in goldens {
      let name = file.deletingPathExtension().lastPathComponent
      let golden = try Golden.read(file.path)
      for pooling in [Pooling.mean, .cls] {
        let folder = try ModelFolder.open(
          path: root.appendingPathComponent(name).path, pooling: pooling)
        let encoder = try TransformerEncoder(folder, precision: .f32)
        try golden.check(encoder, pooling: pooling, label: name, blockTokens: 1200)
      }
    }
  }
}
