extension Filter {
  /// Whether a document with this metadata passes. Strings are compared by their UTF-8 bytes.
  public func matches(_ metadata: Metadata) -> Bool {
    switch self {
    case .equals(let field, let value):
      metadata[field].map { $0.isSame(as: value) } ?? false
    case .oneOf(let field, let values):
      metadata[field].map { found in values.contains { found.isSame(as: $0) } } ?? false
    case .has(let field, let string):
      switch metadata[field] {
      case .string(let found): found.isSame(as: string)
      case .strings(let found): found.contains { $0.isSame(as: string) }
      default: false
      }
    case .compare(let field, let comparison, let bound):
      if case .number(let number) = metadata[field] {
        comparison.holds(number, bound)
      } else {
        false
      }
    case .all(let filters): filters.allSatisfy { $0.matches(metadata) }
    case .any(let filters): filters.contains { $0.matches(metadata) }
    case .not(let filter): !filter.matches(metadata)
    }
  }

  /// Refuses a filter too deep or too long, or with a field name or value that no metadata can have;
  /// throws `invalidArgument`. A filter from ``parse(_:)`` passes.
  public func check() throws(RetrievalError) {
    var terms = 0
    try check(depth: 0, terms: &terms)
  }

  private func check(depth: Int, terms: inout Int) throws(RetrievalError) {
    // A level of parentheses may hold an `or` of `and`s: two levels of the tree, and two more outside.
    guard depth <= 2 * CollectionLimits.filterDepth + 2 else {
      throw RetrievalError(
        .invalidArgument, "the filter is deeper than \(CollectionLimits.filterDepth): write it flatter")
    }
    switch self {
    case .equals(let field, let value): try Self.check(field, [value], terms: &terms)
    case .oneOf(let field, let values): try Self.check(field, values, terms: &terms)
    case .has(let field, let string): try Self.check(field, [.string(string)], terms: &terms)
    case .compare(let field, _, let bound): try Self.check(field, [.number(bound)], terms: &terms)
    case .all(let filters), .any(let filters):
      for filter in filters { try filter.check(depth: depth + 1, terms: &terms) }
    case .not(let filter): try filter.check(depth: depth + 1, terms: &terms)
    }
  }

  private static func check(
    _ field: String, _ values: [MetadataValue], terms: inout Int
  ) throws(RetrievalError) {
    terms += values.count
    guard terms <= CollectionLimits.filterTerms else {
      throw RetrievalError(
        .invalidArgument, "the filter has more than \(CollectionLimits.filterTerms) terms")
    }
    guard isFieldName(field) else {
      throw RetrievalError(
        .invalidArgument, "a field of the filter does not fit [A-Za-z_][A-Za-z0-9_.-]*")
    }
    for value in values {
      if let fault = value.fault {
        throw RetrievalError(.invalidArgument, "a value for '\(field)' in the filter \(fault)")
      }
    }
  }
}

extension Filter.Comparison {
  func holds(_ number: Double, _ bound: Double) -> Bool {
    switch self {
    case .less: number < bound
    case .lessOrEqual: number <= bound
    case .greater: number > bound
    case .greaterOrEqual: number >= bound
    }
  }
}

extension Filter {
  /// The same condition on the same bytes.
  func isSame(as other: Filter) -> Bool {
    switch (self, other) {
    case (.equals(let field, let value), .equals(let otherField, let otherValue)):
      field.isSame(as: otherField) && value.isSame(as: otherValue)
    case (.oneOf(let field, let values), .oneOf(let otherField, let otherValues)):
      field.isSame(as: otherField) && values.elementsEqual(otherValues) { $0.isSame(as: $1) }
    case (.has(let field, let string), .has(let otherField, let otherString)):
      field.isSame(as: otherField) && string.isSame(as: otherString)
    case (.compare(let field, let how, let bound), .compare(let otherField, let otherHow, let otherBound)):
      field.isSame(as: otherField) && how == otherHow && bound == otherBound
    case (.all(let filters), .all(let others)), (.any(let filters), .any(let others)):
      filters.elementsEqual(others) { $0.isSame(as: $1) }
    case (.not(let filter), .not(let other)): filter.isSame(as: other)
    default: false
    }
  }
}

extension MetadataValue {
  /// Equal kinds and equal bytes; `==` of Swift's strings would take two spellings of é for one.
  func isSame(as other: MetadataValue) -> Bool {
    switch (self, other) {
    case (.string(let a), .string(let b)): a.isSame(as: b)
    case (.number(let a), .number(let b)): a == b
    case (.bool(let a), .bool(let b)): a == b
    case (.strings(let a), .strings(let b)):
      a.count == b.count && zip(a, b).allSatisfy { $0.isSame(as: $1) }
    default: false
    }
  }
}

extension String {
  /// The same UTF-8 bytes.
  func isSame(as other: String) -> Bool { utf8.elementsEqual(other.utf8) }
}
