import ModelFiles

extension ModelContract {
  /// Refuses the name of a model that is not this one; nil and "" stand for whichever is served.
  func checkName(_ name: String?) throws(ServiceError) {
    guard let name, !name.isEmpty, name != self.name else { return }
    // Scalars, not characters: one character may have any number of bytes.
    let shown = String(String.UnicodeScalarView(name.unicodeScalars.prefix(100)))
    throw ServiceError(
      .notFound, "model '\(shown)' is not served here; '\(self.name)' is")
  }
}
