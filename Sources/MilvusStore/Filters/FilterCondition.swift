import Retrieval

/// A filter as a condition of Milvus that exactly the same documents pass.
enum FilterCondition: Equatable {
  /// Every document passes.
  case always
  /// None does.
  case never
  /// In Milvus' language of boolean expressions.
  case expression(String)

  init(_ filter: Filter?) {
    self = filter.map { Self.condition($0, negated: false) } ?? .always
  }

  /// `not` is moved inward to the comparisons, where it is decided without Milvus' own: what may be unknown to
  /// Milvus then stands under `and` and `or` only, where unknown and false are the same.
  private static func condition(_ filter: Filter, negated: Bool) -> FilterCondition {
    switch filter {
    case .equals(let field, let value):
      return contains([FilterKey.key(field, value)], negated)
    case .oneOf(let field, let values):
      return contains(values.map { FilterKey.key(field, $0) }, negated)
    case .has(let field, let string):
      return contains([FilterKey.key(field, .string(string)), FilterKey.element(field, string)], negated)
    case .compare(let field, let comparison, let bound):
      let number = "\(Field.metadata)[\"\(field)\"]"
      let isNumber = "array_contains(\(Field.filterKeys), \"\(FilterKey.isNumber(field))\")"
      return .expression(
        negated
          ? "(not \(isNumber) or \(number) \(comparison.opposite) \(bound))"
          : "(\(isNumber) and \(number) \(comparison.rawValue) \(bound))")
    case .all(let filters):
      let parts = filters.map { condition($0, negated: negated) }
      return negated ? any(parts) : all(parts)
    case .any(let filters):
      let parts = filters.map { condition($0, negated: negated) }
      return negated ? all(parts) : any(parts)
    case .not(let filter):
      return condition(filter, negated: !negated)
    }
  }

  private static func contains(_ keys: [String], _ negated: Bool) -> FilterCondition {
    guard let first = keys.first else { return negated ? .always : .never }
    let list = keys.map { "\"\($0)\"" }.joined(separator: ", ")
    let condition =
      keys.count == 1
      ? "array_contains(\(Field.filterKeys), \"\(first)\")"
      : "array_contains_any(\(Field.filterKeys), [\(list)])"
    return .expression(negated ? "(not \(condition))" : condition)
  }

  private static func all(_ parts: [FilterCondition]) -> FilterCondition {
    parts.contains(.never) ? .never : joined(parts, " and ") ?? .always
  }

  private static func any(_ parts: [FilterCondition]) -> FilterCondition {
    parts.contains(.always) ? .always : joined(parts, " or ") ?? .never
  }

  /// - Returns: nil if no part is an expression.
  private static func joined(_ parts: [FilterCondition], _ separator: String) -> FilterCondition? {
    let expressions = parts.compactMap { part in
      if case .expression(let text) = part { text } else { nil }
    }
    guard let first = expressions.first else { return nil }
    return .expression(
      expressions.count == 1 ? first : "(" + expressions.joined(separator: separator) + ")")
  }
}

extension Filter.Comparison {
  /// What holds of a number exactly where this does not.
  fileprivate var opposite: String {
    switch self {
    case .less: ">="
    case .lessOrEqual: ">"
    case .greater: "<="
    case .greaterOrEqual: "<"
    }
  }
}

/// Parts of Milvus' expressions.
enum Expression {
  /// A string in quotes.
  static func quoted(_ string: String) -> String {
    var quoted = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }

  static func isOneOf(_ ids: some Sequence<String>) -> String {
    "\(Field.id) in [" + ids.map(quoted).joined(separator: ", ") + "]"
  }

  static func follows(_ id: String) -> String { "\(Field.id) > \(quoted(id))" }

  static func hasWord(_ hash: UInt32) -> String { "array_contains(\(Field.wordHashes), \(hash))" }
}
