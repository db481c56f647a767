/// Arithmetic of the forward pass.
public enum Precision: String, Sendable, CaseIterable {
  /// 32-bit floating point throughout: the reference that everything else is held against.
  case f32
  /// Products of the layers in 8-bit integers, everything else in 32-bit floating point.
  case int8
}
