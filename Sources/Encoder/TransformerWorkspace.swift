import CKernels
import ModelFiles

/// Scratch memory of one worker: every buffer of the forward pass.
///
/// Allocated once; what each member of a team needs for itself is added when the first team of that
/// size comes. Not Sendable on purpose: make it on the thread that uses it.
public final class TransformerWorkspace {
  /// T, the tokens a block may have.
  public let tokens: Int

  let shape: Shape
  private let memory: OwnedBytes
  private var strips: Strips

  init(shape: Shape) {
    tokens = shape.tokens
    self.shape = shape
    memory = OwnedBytes(count: shape.bytes)
    strips = Strips(shape, members: 1)
  }

  /// Makes room for a team.
  func reserve(members: Int) {
    if members > strips.members { strips = Strips(shape, members: members) }
  }

  // MARK: - Buffers of the block

  /// Token vectors between layers (T, H).
  var hidden: UnsafeMutablePointer<Float> { floats(0) }
  /// Output of attention (T, H).
  var context: UnsafeMutablePointer<Float> { hidden + tokens * shape.hidden }
  /// Queries, keys, values side by side (T, 3H).
  var queryKeyValue: UnsafeMutablePointer<Float> { context + tokens * shape.hidden }
  /// `hidden` in 8 bits (T, H); int8 only.
  var quantizedHidden: QuantizedRows {
    QuantizedRows(
      at: memory.pointer + shape.floatBytes, rows: shape.quantizedRows,
      stride: shape.quantizedHidden)
  }
  /// `hidden` in bfloat16 (T, H); bf16 only.
  var roundedHidden: RoundedRows {
    RoundedRows(
      values: (memory.pointer + shape.floatBytes).assumingMemoryBound(to: UInt16.self),
      stride: shape.roundedHidden)
  }

  private func floats(_ start: Int) -> UnsafeMutablePointer<Float> {
    memory.pointer.assumingMemoryBound(to: Float.self) + start
  }

  // MARK: - Buffers of strips and members

  /// Output of a product before its residual and norm (rows of all strips, H); f32 only.
  var projected: UnsafeMutablePointer<Float> {
    intermediate + strips.members * shape.strip * shape.intermediate
  }
  /// Feed-forward values (rows of all strips, I); not in bf16.
  var intermediate: UnsafeMutablePointer<Float> {
    strips.memory.pointer.assumingMemoryBound(to: Float.self)
  }
  /// Input of a product that is not the hidden state, in 8 bits (rows of all strips, max(H, I)); int8
  /// only.
  var quantizedStrip: QuantizedRows {
    QuantizedRows(
      at: strips.memory.pointer + strips.members * shape.stripFloatBytes,
      rows: strips.members * shape.stripQuantizedRows, stride: shape.quantizedIntermediate)
  }
  /// Input of a product that is not the hidden state, in bfloat16 (rows of all strips, max(H, I));
  /// bf16 only.
  var roundedStrip: RoundedRows {
    RoundedRows(
      values: strips.memory.pointer.assumingMemoryBound(to: UInt16.self),
      stride: shape.roundedIntermediate)
  }
  /// Scores and keys of one head, for one member.
  func attention(_ member: Int) -> UnsafeMutablePointer<Float> {
    memberFloats(member)
  }
  /// Two vectors that dense modules write in turn, for one member.
  func vectors(
    _ member: Int
  ) -> (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>) {
    let first = memberFloats(member) + shape.attention
    return (first, first + shape.vector)
  }

  private func memberFloats(_ member: Int) -> UnsafeMutablePointer<Float> {
    (strips.memory.pointer + strips.members * shape.stripBytes)
      .assumingMemoryBound(to: Float.self) + member * shape.memberFloats
  }

  private struct Strips {
    let members: Int
    let memory: OwnedBytes

    init(_ shape: Shape, members: Int) {
      self.members = members
      memory = OwnedBytes(
        count: members
          * (shape.stripBytes + shape.memberFloats * MemoryLayout<Float>.stride))
    }
  }
}

/// Rows in 8 bits with their scales and zeros, as `CKernelsInt8.h` has them.
struct QuantizedRows {
  let values: UnsafeMutablePointer<UInt8>
  let scale: UnsafeMutablePointer<Float>
  let zero: UnsafeMutablePointer<Int32>
  /// Bytes between rows.
  let stride: Int

  init(at memory: UnsafeMutableRawPointer, rows: Int, stride: Int) {
    values = memory.assumingMemoryBound(to: UInt8.self)
    scale = (memory + rows * stride).assumingMemoryBound(to: Float.self)
    zero = (memory + rows * (stride + 4)).assumingMemoryBound(to: Int32.self)
    self.stride = stride
  }

  private init(_ rows: QuantizedRows, from first: Int) {
    values = rows.values + first * rows.stride
    scale = rows.scale + first
    zero = rows.zero + first
    stride = rows.stride
  }

  /// The rows from `first` on.
  func from(_ first: Int) -> QuantizedRows { QuantizedRows(self, from: first) }

  /// Bytes of `rows` rows with their scales and zeros, a multiple of 64.
  static func bytes(rows: Int, stride: Int) -> Int {
    (rows * (stride + 8) + 63) / 64 * 64
  }
}
