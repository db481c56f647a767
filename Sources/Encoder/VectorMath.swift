import CKernels

/// Arithmetic on finished vectors.
public enum VectorMath {
  /// Scales to length 1 (L2) in place, accumulating in double; a zero vector stays zero.
  public static func normalize(_ vector: UnsafeMutableBufferPointer<Float>) {
    guard let base = vector.baseAddress else { return }
    duri_l2_normalize(base, vector.count)
  }

  /// Whether no component is NaN or infinite.
  public static func isFinite(_ vector: UnsafeBufferPointer<Float>) -> Bool {
    guard let base = vector.baseAddress else { return true }
    return duri_is_finite(base, vector.count) != 0
  }
}
