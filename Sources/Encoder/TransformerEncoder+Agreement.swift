import Dispatch
import Glibc
import ModelFiles

extension PrecisionAgreement {
  init(
    precision: Precision, texts: Int? = nil, tokens: Int, cosines: [Double],
    largestScoreChange: Double? = nil
  ) {
    let isFinite = !cosines.isEmpty && cosines.allSatisfy(\.isFinite)
    self.init(
      precision: precision, texts: texts ?? cosines.count, tokens: tokens,
      meanCosine: isFinite ? cosines.reduce(0, +) / Double(cosines.count) : .nan,
      worstCosine: isFinite ? cosines.min() ?? .nan : .nan,
      largestScoreChange: largestScoreChange)
  }
}

extension TransformerEncoder {
  /// Tokens of a sample that f32 computes in some tenths of a second on two cores, whatever the size
  /// of the model: 96 to 512.
  public var sampleTokens: Int {
    // Two operations a weight and token.
    let h = Double(body.hiddenSize)
    let weights = Double(body.layerCount) * h * (4 * h + 2 * Double(body.intermediateSize))
    return Int(min(max(4e10 / (2 * weights), 96), 512))
  }

  /// Compares this encoder's vectors with those of f32, on all cores.
  ///
  /// - Parameters:
  ///   - folder: the one this encoder was made from; f32 takes one layer at a time from it.
  ///   - texts: ids of each text, special tokens included.
  /// - Throws: ``EncoderError`` as ``encode(_:using:team:into:)`` does.
  public func agreement(
    with folder: ModelFolder, on texts: [[Int32]]
  ) throws(EncoderError) -> PrecisionAgreement {
    let reference = try TransformerEncoder(passing: folder, kernels: kernels)
    var block = Block()
    for ids in texts { block.append(ids) }
    let expected = try reference.vectorsOnAllCores(block)
    let found = try vectorsOnAllCores(block)
    let cosines = (0..<block.textCount).map { text in
      let components = text * dimension..<(text + 1) * dimension
      return Self.cosine(expected[components], found[components])
    }
    return PrecisionAgreement(
      precision: precision, tokens: block.tokenCount, cosines: cosines)
  }

  /// The same for a reranker.
  ///
  /// - Parameter lists: one block a query: the query with each of its passages.
  public func agreement(
    with folder: ModelFolder, onPairs lists: [Block]
  ) throws(EncoderError) -> PrecisionAgreement {
    let reference = try TransformerEncoder(passing: folder, kernels: kernels)
    var cosines: [Double] = []
    // The correlation sees no shift of all scores: the change of each is held apart.
    var change = 0.0
    for block in lists {
      let expected = try reference.vectorsOnAllCores(block)
      let found = try vectorsOnAllCores(block)
      cosines.append(Self.cosine(Self.centred(expected), Self.centred(found)))
      for (a, b) in zip(expected, found) {
        change = max(change, abs(Self.probability(a) - Self.probability(b)))
      }
    }
    return PrecisionAgreement(
      precision: precision, texts: lists.reduce(0) { $0 + $1.textCount },
      tokens: lists.reduce(0) { $0 + $1.tokenCount }, cosines: cosines,
      largestScoreChange: change)
  }

  private static func probability(_ logit: Float) -> Double { 1 / (1 + exp(-Double(logit))) }

  private static func centred(_ values: [Float]) -> ArraySlice<Float> {
    let mean = values.reduce(0, +) / Float(max(1, values.count))
    return values.map { $0 - mean }[...]
  }

  private static func cosine(_ a: ArraySlice<Float>, _ b: ArraySlice<Float>) -> Double {
    var (product, left, right) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      product += Double(x) * Double(y)
      left += Double(x) * Double(x)
      right += Double(y) * Double(y)
    }
    return product / (left * right).squareRoot()
  }

  /// (N, dimension)
  private func vectorsOnAllCores(_ block: Block) throws(EncoderError) -> [Float] {
    // More than enough to keep the wait short on any machine.
    let members = 16
    let team = Team(size: members)
    let answer = Answer(count: block.textCount * dimension)
    // Iteration 0 leads; where there are fewer threads than iterations, the others come late and
    // find nothing to do.
    DispatchQueue.concurrentPerform(iterations: members) { member in
      guard member == 0 else { return team.assist(member) }
      defer { team.finish() }
      do throws(EncoderError) {
        try self.encode(
          block, using: self.makeWorkspace(tokens: block.tokenCount), team: team,
          into: answer.vectors.buffer)
      } catch {
        answer.error = error
      }
    }
    if let error = answer.error { throw error }
    return Array(answer.vectors.buffer)
  }

  private final class Answer: @unchecked Sendable {
    // Safe: one thread writes it, and it is read when that thread has finished.

    let vectors: OwnedFloats
    var error: EncoderError?

    init(count: Int) { vectors = OwnedFloats(count: count) }
  }
}
