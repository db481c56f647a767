/// A condition on documents' metadata.
///
/// A field that a document does not have makes a comparison false; `not` of it is then true.
public indirect enum Filter: Sendable, Equatable {
  /// The field has exactly this value.
  case equals(field: String, MetadataValue)
  /// The field has one of these values.
  case oneOf(field: String, [MetadataValue])
  /// The field is a list that contains this string, or is this string.
  case has(field: String, String)
  /// The field is a number within these bounds.
  case compare(field: String, Comparison, Double)
  case all([Filter])
  case any([Filter])
  case not(Filter)

  public enum Comparison: String, Sendable, CaseIterable {
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
  }
}
