import ModelFiles
import Testing

@testable import Encoder

@Suite struct BlockChecksTests {
  let encoder: TransformerEncoder
  let workspace: TransformerWorkspace

  init() throws {
    encoder = try TransformerEncoder(
      ModelFolder.open(path: tinyFolder("bert-dense")), precision: .f32)
    workspace = encoder.makeWorkspace(tokens: 48)
  }

  @Test func blockCountsTextsAndTokens() {
    var block = Block()
    #expect(block.textCount == 0 && block.tokenCount == 0 && block.starts == [0])
    block.append([5, 6])
    block.append([7])
    #expect(block.textCount == 2 && block.ids == [5, 6, 7] && block.starts == [0, 2, 3])
    block.removeAll(keepingCapacity: true)
    #expect(block.textCount == 0 && block.ids.isEmpty && block.starts == [0])
  }

  @Test(
    arguments: [
      [[]], [[3], []], [[-1]], [[29]], [[3, Int32.max]], [[3], [Int32.min, 4]],
      [[Int32](repeating: 3, count: 25)], [[Int32]](repeating: [3, 4, 5, 6, 7, 8, 9], count: 7),
    ] as [[[Int32]]])
  func invalidBlockIsAnErrorAndWritesNothing(texts: [[Int32]]) {
    var block = Block()
    for text in texts { block.append(text) }
    var output = [Float](repeating: 77, count: texts.count * encoder.dimension)
    let error = #expect(throws: EncoderError.self) {
      try output.withUnsafeMutableBufferPointer { buffer throws(EncoderError) in
        try encoder.encode(block, using: workspace, into: buffer)
      }
    }
    #expect(error?.code == .invalidBlock)
    #expect(error.map { !$0.message.isEmpty } == true)
    #expect(output.allSatisfy { $0 == 77 })
  }

  @Test func longestTextFitsAnyWorkspace() throws {
    let smallest = encoder.makeWorkspace(tokens: Int.min)
    #expect(smallest.tokens == encoder.maximumTokens)
    let text = [Int32](repeating: 4, count: encoder.maximumTokens)
    #expect(try vectors([text], encoder, smallest).count == 1)
  }

  @Test func emptyBlockIsNoError() throws {
    #expect(try vectors([], encoder, workspace).isEmpty)
  }

  @Test func outputTooSmallIsAnError() {
    var block = Block()
    block.append([3])
    var output = [Float](repeating: 0, count: encoder.dimension - 1)
    let error = #expect(throws: EncoderError.self) {
      try output.withUnsafeMutableBufferPointer { buffer throws(EncoderError) in
        try encoder.encode(block, using: workspace, into: buffer)
      }
    }
    #expect(error?.code == .invalidBlock)
  }

  @Test func onlyTheVectorsAreWritten() throws {
    var block = Block()
    block.append([3, 4])
    block.append([5])
    let used = 2 * encoder.dimension
    var output = [Float](repeating: 77, count: used + 5)
    try output.withUnsafeMutableBufferPointer { buffer throws(EncoderError) in
      try encoder.encode(block, using: workspace, into: buffer)
    }
    #expect(output[..<used].allSatisfy { $0 != 77 && $0.isFinite })
    #expect(output[used...].allSatisfy { $0 == 77 })
  }

  @Test func workspaceOfAnotherEncoderIsAnError() throws {
    let other = try TransformerEncoder(
      ModelFolder.open(path: tinyFolder("bert-f32")), precision: .f32)
    let error = #expect(throws: EncoderError.self) {
      _ = try vectors([[3]], encoder, other.makeWorkspace(tokens: 48))
    }
    #expect(error?.code == .invalidBlock)
  }

  @Test func vectorMath() {
    #expect(normalized([3, 4]) == [0.6, 0.8])
    #expect(normalized([0, 0, 0]) == [0, 0, 0])
    #expect(normalized([]) == [])
    // The squares overflow and underflow 32 bits; double does not.
    #expect(largestDifference(normalized([3e30, 4e30]), [0.6, 0.8]) < 1e-7)
    #expect(largestDifference(normalized([3e-30, 4e-30]), [0.6, 0.8]) < 1e-7)
    #expect([1, 2].withUnsafeBufferPointer { VectorMath.isFinite($0) })
    #expect([].withUnsafeBufferPointer { VectorMath.isFinite($0) })
    #expect(![1, .nan].withUnsafeBufferPointer { VectorMath.isFinite($0) })
    #expect(![-.infinity, 1].withUnsafeBufferPointer { VectorMath.isFinite($0) })
  }
}
