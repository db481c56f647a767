/// How close a precision's results are to those of f32, for one model on a sample of texts.
public struct PrecisionAgreement: Sendable, Equatable {
  /// The precision held against f32.
  public let precision: Precision
  /// Texts and tokens of the sample.
  public let texts: Int
  public let tokens: Int
  /// Cosine of a text's two vectors: their mean, and the smallest. Of a reranker: the correlation of
  /// the two lists of scores that a query's passages get (Pearson: the cosine of the lists less their
  /// means). NaN if a result is not finite.
  public let meanCosine: Double
  public let worstCosine: Double
  /// Of a reranker: the largest change of a score, as a probability (the logit's sigmoid); else nil.
  public let largestScoreChange: Double?

  /// Largest change of a score that `auto` accepts of a reranker.
  public static let scoreChangeGate = 0.05

  /// Least cosines of a precision that `auto` may choose: the mean, and the smallest.
  public static func gate(of precision: Precision) -> (mean: Double, worst: Double) {
    switch precision {
    case .f32: (1 - 1e-6, 1 - 1e-6)
    case .bf16: (0.9995, 0.999)
    case .int8: (0.995, 0.98)
    }
  }

  public init(
    precision: Precision, texts: Int, tokens: Int, meanCosine: Double, worstCosine: Double,
    largestScoreChange: Double? = nil
  ) {
    self.precision = precision
    self.texts = texts
    self.tokens = tokens
    self.meanCosine = meanCosine
    self.worstCosine = worstCosine
    self.largestScoreChange = largestScoreChange
  }

  public var passes: Bool {
    let gate = Self.gate(of: precision)
    guard meanCosine >= gate.mean && worstCosine >= gate.worst else { return false }
    return largestScoreChange.map { $0 <= Self.scoreChangeGate } ?? true
  }
}
