/// The narrow waist between scheduling and arithmetic; scheduler tests stand on a stub of it.
public protocol BlockEncoder: Sendable {
  /// Scratch memory of one worker; never shared between threads at the same time, but for the
  /// members of a team that computes one block.
  associatedtype Workspace

  /// Components of one output vector.
  var dimension: Int { get }

  /// Longest text, special tokens included.
  var maximumTokens: Int { get }

  /// Buffers for blocks of up to `tokens` tokens (raised to ``maximumTokens`` if smaller, so that any
  /// single text fits). One workspace per worker thread, allocated once.
  func makeWorkspace(tokens: Int) -> Workspace

  /// Computes one vector per text of the block.
  ///
  /// - Parameters:
  ///   - block: N ≥ 0 texts, none empty, none longer than ``maximumTokens``, T ≤ the workspace's tokens.
  ///   - workspace: made by this encoder and used by no other thread during the call.
  ///   - output: (N, dimension) row-major: pooled and passed through the dense modules, **not**
  ///     normalised; for a reranker, the raw logits (N, 1). At least N·dimension values; what lies
  ///     behind is left alone.
  /// - Throws: ``EncoderError`` with code `invalidBlock`; then `output` is untouched. A vector that is
  ///   not finite is no error here: see ``VectorMath/isFinite(_:)``.
  func encode(
    _ block: Block, using workspace: Workspace, into output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError)

  /// The same by several threads: the caller leads, members of `team` may assist meanwhile. The team
  /// changes no bit of the vectors.
  ///
  /// The default computes alone.
  func encode(
    _ block: Block, using workspace: Workspace, team: Team,
    into output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError)
}

extension BlockEncoder {
  public func encode(
    _ block: Block, using workspace: Workspace, team: Team,
    into output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError) {
    try encode(block, using: workspace, into: output)
  }
}
