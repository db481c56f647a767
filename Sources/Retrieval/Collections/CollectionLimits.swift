/// What a collection takes at most; beyond it an operation is refused with `invalidArgument`.
public enum CollectionLimits {
  public static let nameBytes = 128
  public static let dimension = 4_096
  public static let idBytes = 512
  /// Title and text together, in UTF-8 bytes.
  public static let textBytes = 16 << 20
  public static let metadataFields = 64
  public static let fieldNameBytes = 128
  /// One string of the metadata, in UTF-8 bytes.
  public static let metadataStringBytes = 4_096
  /// Strings in one list of the metadata.
  public static let metadataListCount = 256
  /// Documents a page of `list`.
  public static let pageDocuments = 10_000
  /// Hits a query.
  public static let hits = 1_000
  /// Queries a search.
  public static let queries = 1_024
  /// Parentheses and `not`s of a filter inside each other.
  public static let filterDepth = 32
  /// Comparisons of a filter; a list counts each of its values.
  public static let filterTerms = 256
  /// A filter's text, in UTF-8 bytes.
  public static let filterBytes = 16 << 10
}
