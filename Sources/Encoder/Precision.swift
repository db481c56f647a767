/// Arithmetic of the forward pass.
public enum Precision: String, Sendable, CaseIterable {
  /// 32-bit floating point throughout: the reference that everything else is held against.
  case f32
  /// Products of the layers and of attention with factors in bfloat16 and sums in 32-bit floating
  /// point, everything else in the latter.
  case bf16
  /// Products of the layers in 8-bit integers, those of attention as in bf16, everything else in
  /// 32-bit floating point.
  case int8
}
