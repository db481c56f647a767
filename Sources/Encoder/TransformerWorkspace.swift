import CKernels
import ModelFiles

/// Scratch memory of one worker: every buffer of the forward pass, allocated once.
///
/// Not Sendable on purpose: make it on the thread that uses it.
public final class TransformerWorkspace {
  /// T, the tokens a block may have.
  public let tokens: Int

  let shape: Shape
  private let memory: OwnedFloats

  /// Sizes that decide where each buffer starts. Strides are in floats.
  struct Shape: Equatable {
    let tokens: Int
    let hidden, queryKeyValue, intermediate: Int
    /// Widest vector between pooling and the last dense module.
    let vector: Int
    let attention: Int

    init(tokens: Int, body: BodyConfiguration, maximumTokens: Int, vector: Int) {
      self.tokens = tokens
      hidden = Self.stride(body.hiddenSize)
      queryKeyValue = Self.stride(3 * body.hiddenSize)
      intermediate = Self.stride(body.intermediateSize)
      self.vector = Self.stride(vector)
      attention = duri_attention_scratch(maximumTokens, body.headSize)
    }

    /// Rows start on a cache line, and never a multiple of 1 KiB apart: rows read together would fall
    /// on the same few cache sets.
    private static func stride(_ width: Int) -> Int { (width + 15) / 16 * 16 + 16 }

    /// Queries, keys and values are dead when the intermediate values are made: they share memory.
    var wide: Int { tokens * max(queryKeyValue, intermediate) }
    var total: Int { 3 * tokens * hidden + wide + attention + 2 * vector }
  }

  init(shape: Shape) {
    tokens = shape.tokens
    self.shape = shape
    memory = OwnedFloats(count: shape.total)
  }

  /// Token vectors between layers (T, H).
  var hidden: UnsafeMutablePointer<Float> { memory.pointer }
  /// Output of attention (T, H).
  var context: UnsafeMutablePointer<Float> { hidden + shape.tokens * shape.hidden }
  /// Output of a product before its residual and norm (T, H).
  var projected: UnsafeMutablePointer<Float> { context + shape.tokens * shape.hidden }
  /// Queries, keys, values side by side (T, 3H).
  var queryKeyValue: UnsafeMutablePointer<Float> { projected + shape.tokens * shape.hidden }
  /// Feed-forward values (T, I).
  var intermediate: UnsafeMutablePointer<Float> { queryKeyValue }
  /// Scores and transposed keys of one head.
  var attention: UnsafeMutablePointer<Float> { queryKeyValue + shape.wide }
  /// Two vectors that dense modules write in turn.
  var vectors: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) {
    let first = attention + shape.attention
    return (first, first + shape.vector)
  }
}
