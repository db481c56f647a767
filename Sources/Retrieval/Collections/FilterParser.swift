extension Filter {
  /// Reads a filter as people write it: `lang == "ko" and (year >= 1990 or not tags has "food")`.
  ///
  /// Comparisons are `field == value`, `!=`, `<`, `<=`, `>`, `>=` (numbers), `field in [value, …]` and
  /// `field has "string"`; they are joined by `not`, `and` and `or`, which bind in this order. Values are
  /// numbers, `true`, `false` and strings in double quotes with `\"`, `\\` and `\uXXXX`. A field's name
  /// is `[A-Za-z_][A-Za-z0-9_.-]*`. At most 16 KiB, 256 terms, 32 deep.
  ///
  /// - Throws: `invalidArgument`; the message names the byte and what was expected there.
  public static func parse(_ text: String) throws(RetrievalError) -> Filter {
    guard text.utf8.count <= CollectionLimits.filterBytes else {
      throw RetrievalError(
        .invalidArgument,
        "the filter has \(text.utf8.count) bytes, at most \(CollectionLimits.filterBytes)")
    }
    var parser = try FilterParser(text)
    return try parser.whole()
  }

  static func syntaxError(at position: Int, expected: String) -> RetrievalError {
    RetrievalError(.invalidArgument, "the filter is wrong at byte \(position): expected \(expected)")
  }
}

/// Recursive descent; `depth` bounds the recursion.
private struct FilterParser {
  private var lexer: FilterLexer
  private var token: FilterToken
  private var depth = 0
  private var terms = 0

  init(_ text: String) throws(RetrievalError) {
    lexer = FilterLexer(text)
    token = try lexer.next()
  }

  mutating func whole() throws(RetrievalError) -> Filter {
    let filter = try disjunction()
    guard token.kind == .end else { throw unexpected("'and', 'or' or the end") }
    return filter
  }

  private mutating func advance() throws(RetrievalError) { token = try lexer.next() }

  private func unexpected(_ expected: String) -> RetrievalError {
    Filter.syntaxError(at: token.position, expected: expected)
  }

  private mutating func take(_ kind: FilterToken.Kind) throws(RetrievalError) -> Bool {
    guard token.kind == kind else { return false }
    try advance()
    return true
  }

  private mutating func disjunction() throws(RetrievalError) -> Filter {
    var parts = [try conjunction()]
    while try take(.keyword("or")) { parts.append(try conjunction()) }
    return parts.count == 1 ? parts[0] : .any(parts)
  }

  private mutating func conjunction() throws(RetrievalError) -> Filter {
    var parts = [try factor()]
    while try take(.keyword("and")) { parts.append(try factor()) }
    return parts.count == 1 ? parts[0] : .all(parts)
  }

  private mutating func factor() throws(RetrievalError) -> Filter {
    let position = token.position
    if try take(.keyword("not")) {
      try descend(position)
      defer { depth -= 1 }
      return .not(try factor())
    }
    if try take(.symbol("(")) {
      try descend(position)
      defer { depth -= 1 }
      let filter = try disjunction()
      guard try take(.symbol(")")) else { throw unexpected("'and', 'or' or ')'") }
      return filter
    }
    return try comparison()
  }

  private mutating func descend(_ position: Int) throws(RetrievalError) {
    depth += 1
    guard depth <= CollectionLimits.filterDepth else {
      throw Filter.syntaxError(
        at: position,
        expected: "at most \(CollectionLimits.filterDepth) parentheses and 'not's inside each other")
    }
  }

  private mutating func comparison() throws(RetrievalError) -> Filter {
    guard case .field(let field) = token.kind else { throw unexpected("a field name, 'not' or '('") }
    try advance()
    switch token.kind {
    case .keyword("has"):
      try advance()
      guard case .string(let string) = token.kind else { throw unexpected("a string in quotes") }
      try countTerm()
      try advance()
      return .has(field: field, string)
    case .keyword("in"):
      try advance()
      return .oneOf(field: field, try list())
    case .symbol("=="):
      try advance()
      return .equals(field: field, try value())
    case .symbol("!="):
      try advance()
      return .not(.equals(field: field, try value()))
    case .symbol(let symbol):
      guard let comparison = Filter.Comparison(rawValue: symbol) else { fallthrough }
      try advance()
      guard case .number(let bound) = token.kind else { throw unexpected("a number") }
      try countTerm()
      try advance()
      return .compare(field: field, comparison, bound)
    default: throw unexpected("==, !=, <, <=, >, >=, 'in' or 'has'")
    }
  }

  private mutating func list() throws(RetrievalError) -> [MetadataValue] {
    guard try take(.symbol("[")) else { throw unexpected("'['") }
    var values = [try value()]
    while try take(.symbol(",")) { values.append(try value()) }
    guard try take(.symbol("]")) else { throw unexpected("',' or ']'") }
    return values
  }

  private mutating func value() throws(RetrievalError) -> MetadataValue {
    let value: MetadataValue
    switch token.kind {
    case .string(let string): value = .string(string)
    case .number(let number): value = .number(number)
    case .keyword("true"): value = .bool(true)
    case .keyword("false"): value = .bool(false)
    default: throw unexpected("a string in quotes, a number, true or false")
    }
    try countTerm()
    try advance()
    return value
  }

  private mutating func countTerm() throws(RetrievalError) {
    terms += 1
    guard terms <= CollectionLimits.filterTerms else {
      throw unexpected("at most \(CollectionLimits.filterTerms) terms")
    }
  }
}
