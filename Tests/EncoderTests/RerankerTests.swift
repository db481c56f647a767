import Foundation
import ModelFiles
import Testing

@testable import Encoder

/// A golden written by `Goldens/reranker.py`.
private struct RerankerGolden: Decodable {
  struct Case: Decodable {
    let label: String
    let ids: [Int32]
    /// Index of the first token of type 1.
    let second: Int?
    let logit: Float
  }

  let magic: String
  let version: Int
  let tolerance: Float
  let cases: [Case]

  static func read(_ path: String) throws -> RerankerGolden {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    let golden = try JSONDecoder().decode(RerankerGolden.self, from: data)
    try #require(golden.magic == "duri-reranker-golden" && golden.version == 1)
    try #require(golden.cases.count >= 4)
    return golden
  }

  /// Logits of pairs computed as one block.
  static func logits(
    _ cases: [Case], _ encoder: TransformerEncoder, _ workspace: TransformerWorkspace,
    team: Team = Team(size: 1)
  ) throws -> [Float] {
    var block = Block()
    for item in cases { block.append(item.ids, secondStart: item.second) }
    var output = [Float](repeating: .nan, count: cases.count)
    try output.withUnsafeMutableBufferPointer { buffer throws(EncoderError) in
      try encoder.encode(block, using: workspace, team: team, into: buffer)
    }
    return output
  }
}

@Suite struct RerankerTests {
  private static let names = ["bert", "roberta-f16", "xlm-roberta"]

  private static func path(_ name: String) -> String {
    testsFolder.appendingPathComponent("Goldens/reranker/\(name)").path
  }

  @Test(arguments: names) func logitsAgree(name: String) throws {
    let golden = try RerankerGolden.read(Self.path(name) + "/golden.json")
    let folder = try ModelFolder.open(path: Self.path(name))
    for kernels in availableKernels {
      let encoder = try TransformerEncoder(folder, precision: .f32, kernels: kernels)
      #expect(encoder.dimension == 1)
      let workspace = encoder.makeWorkspace(tokens: 1000)
      var largest: Float = 0
      for item in golden.cases {
        let logit = try RerankerGolden.logits([item], encoder, workspace)[0]
        largest = max(largest, abs(logit - item.logit))
        #expect(abs(logit - item.logit) <= golden.tolerance, "\(item.label)")
      }
      let all = try RerankerGolden.logits(golden.cases, encoder, workspace)
      #expect(zip(all, golden.cases).allSatisfy { abs($0 - $1.logit) <= golden.tolerance })
      print("\(name) \(kernels.name): max diff \(largest)")
    }
  }

  /// The token type of the second text matters, and only there.
  @Test func typesReachTheirTokens() throws {
    let folder = try ModelFolder.open(path: Self.path("bert"))
    let golden = try RerankerGolden.read(Self.path("bert") + "/golden.json")
    let encoder = try TransformerEncoder(folder, precision: .f32)
    let workspace = encoder.makeWorkspace(tokens: 100)
    let item = golden.cases[4]
    func logit(_ second: Int?) throws -> Float {
      try RerankerGolden.logits(
        [.init(label: "", ids: item.ids, second: second, logit: 0)], encoder, workspace)[0]
    }
    let right = try logit(item.second)
    for second in [nil, 0, 3] as [Int?] { #expect(abs(try logit(second) - right) > 1e-3) }
    // Out of range is brought into it.
    #expect(try logit(item.ids.count + 5) == logit(nil))
    #expect(try logit(-5) == logit(0))
  }

  @Test(arguments: names, Precision.allCases)
  func sameBitsInEveryBlock(name: String, precision: Precision) throws {
    let folder = try ModelFolder.open(path: Self.path(name))
    let cases = try RerankerGolden.read(Self.path(name) + "/golden.json").cases
    for kernels in availableKernels {
      let encoder = try TransformerEncoder(folder, precision: precision, kernels: kernels)
      let workspace = encoder.makeWorkspace(tokens: 1000)
      let alone = try cases.map { try RerankerGolden.logits([$0], encoder, workspace)[0] }
      var numbers = Numbers(seed: 9)
      for round in 0..<6 {
        let order = cases.indices.shuffled(using: &numbers).prefix(round + 3)
        let together = try RerankerGolden.logits(
          order.map { cases[$0] }, encoder, encoder.makeWorkspace(tokens: 1000))
        for (index, logit) in zip(order, together) {
          if encoder.isBlockInvariant {
            #expect(logit.bitPattern == alone[index].bitPattern, "\(cases[index].label)")
          } else {
            #expect(abs(logit - alone[index]) <= 1e-5)
          }
        }
      }
    }
  }

  /// A coarser body shifts scores a little and no more; the head itself is in f32.
  @Test(arguments: names, Precision.allCases)
  func precisionsStayClose(name: String, precision: Precision) throws {
    let golden = try RerankerGolden.read(Self.path(name) + "/golden.json")
    let encoder = try TransformerEncoder(
      ModelFolder.open(path: Self.path(name)), precision: precision)
    let logits = try RerankerGolden.logits(
      golden.cases, encoder, encoder.makeWorkspace(tokens: 1000))
    let worst = zip(logits, golden.cases).reduce(0) { max($0, abs($1.0 - $1.1.logit)) }
    print("\(name) \(precision.rawValue): max diff of a logit \(worst)")
    let allowed: Float = precision == .f32 ? 1e-5 : 0.5
    #expect(worst <= allowed)
  }

  @Test func tokensOfAnUnknownTypeAreRefused() throws {
    let encoder = try TransformerEncoder(
      ModelFolder.open(path: Self.path("xlm-roberta")), precision: .f32)
    let error = #expect(throws: EncoderError.self) {
      try RerankerGolden.logits(
        [.init(label: "", ids: [0, 5, 2, 6, 2], second: 3, logit: 0)], encoder,
        encoder.makeWorkspace(tokens: 64))
    }
    #expect(error?.code == .invalidBlock)
  }

  static let folder = ProcessInfo.processInfo.environment["DURI_RERANKER_GOLDENS"]

  /// DURI_RERANKER_GOLDENS names a folder with checkpoints `NAME/` and goldens `goldens/NAME.json`
  /// (`Goldens/reranker.py golden NAME goldens/NAME.json`).
  @Test(.enabled(if: folder != nil))
  func largeCheckpointsAgree() throws {
    let root = URL(fileURLWithPath: try #require(Self.folder))
    let goldens = try FileManager.default.contentsOfDirectory(
      at: root.appendingPathComponent("goldens"), includingPropertiesForKeys: nil
    ).filter { $0.pathExtension == "json" }
    try #require(!goldens.isEmpty)
    for file in goldens {
      let name = file.deletingPathExtension().lastPathComponent
      let golden = try RerankerGolden.read(file.path)
      let folder = try ModelFolder.open(path: root.appendingPathComponent(name).path)
      for precision in Precision.allCases {
        let encoder = try TransformerEncoder(folder, precision: precision)
        let workspace = encoder.makeWorkspace(tokens: 4000)
        let alone = try golden.cases.map { try RerankerGolden.logits([$0], encoder, workspace)[0] }
        let together = try RerankerGolden.logits(golden.cases, encoder, workspace)
        let worst = zip(alone, golden.cases).reduce(0) { max($0, abs($1.0 - $1.1.logit)) }
        print("\(name) \(precision.rawValue) \(encoder.kernelsName): max diff of a logit \(worst)")
        if precision == .f32 { #expect(worst <= golden.tolerance) }
        #expect(!encoder.isBlockInvariant || sameBits(alone, together))
      }
    }
  }
}
