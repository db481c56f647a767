/// What a text is to its reader: the side of a search it stands on.
///
/// E5-like models were trained with a prefix per side; leaving it out costs quality silently, so
/// every request names a role and the model's ``Prompts`` turn it into text.
public enum Role: String, Sendable, CaseIterable, Hashable {
  /// A question or search.
  case query
  /// A document to be found.
  case passage
  /// Both sides alike: similarity, clustering, bitext.
  case symmetric
  /// The text as it is: no prefix whatever the model says.
  case raw
}
