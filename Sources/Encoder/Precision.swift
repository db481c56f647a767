/// Arithmetic of the forward pass.
public enum Precision: String, Sendable, CaseIterable {
  /// 32-bit floating point throughout: the reference that everything else is held against.
  case f32
}
