import Retrieval
import StoreTestSupport
import Testing

@testable import MilvusStore

@Suite struct FilterConditionTests {
  @Test func comparisonsOnNumbersAskForANumberFirst() {
    let filter = Filter.compare(field: "a.b", .less, -1.5)
    let key = FilterKey.isNumber("a.b")
    #expect(
      FilterCondition(filter)
        == .expression("(array_contains(filter_keys, \"\(key)\") and metadata[\"a.b\"] < -1.5)"))
    #expect(
      FilterCondition(.not(filter))
        == .expression("(not array_contains(filter_keys, \"\(key)\") or metadata[\"a.b\"] >= -1.5)"))
  }

  @Test func whatIsDecidedIsNotAsked() {
    let some = Filter.has(field: "a", "x")
    let expression = FilterCondition(some)
    #expect(FilterCondition(nil) == .always)
    #expect(FilterCondition(.all([])) == .always)
    #expect(FilterCondition(.any([])) == .never)
    #expect(FilterCondition(.oneOf(field: "a", [])) == .never)
    #expect(FilterCondition(.not(.oneOf(field: "a", []))) == .always)
    #expect(FilterCondition(.all([some, .any([])])) == .never)
    #expect(FilterCondition(.any([some, .all([])])) == .always)
    #expect(FilterCondition(.all([some, .all([])])) == expression)
    #expect(FilterCondition(.not(.not(some))) == expression)
  }

  /// Evaluates the conditions themselves, as any server must, with unknown for what is missing.
  @Test func conditionsPassWhatFiltersPass() throws {
    var generator = StoreGenerator(21)
    let documents = (0..<150).map { _ in RandomFilter.metadata(using: &generator) }
    var passed = 0
    for _ in 0..<400 {
      let filter = RandomFilter.filter(depth: 3, using: &generator)
      let condition = FilterCondition(filter)
      for metadata in documents {
        let expected = filter.matches(metadata)
        switch condition {
        case .always: #expect(expected)
        case .never: #expect(!expected)
        case .expression(let text):
          var evaluator = Evaluator(text, metadata)
          #expect(try evaluator.whole() == expected, "\(filter)")
        }
        passed += expected ? 1 : 0
      }
    }
    #expect(passed > 400 * 10 && passed < 400 * 140)
  }

  @Test func stringsAreQuoted() {
    #expect(Expression.quoted("a\"b\\c\nd\re\tf") == #""a\"b\\c\nd\re\tf""#)
    #expect(Expression.isOneOf(["가", "\""]) == #"id in ["가", "\""]"#)
  }

  @Test func keysTellFieldsKindsAndValuesApart() {
    let keys = [
      FilterKey.key("a", .string("1")), FilterKey.key("a", .number(1)), FilterKey.key("a", .bool(true)),
      FilterKey.key("a", .strings(["1"])), FilterKey.element("a", "1"), FilterKey.isNumber("a"),
      FilterKey.key("b", .string("1")), FilterKey.key("a", .string("")), FilterKey.key("a", .strings([])),
      FilterKey.key("a", .strings(["", ""])), FilterKey.key("a", .strings([""])),
      FilterKey.key("a", .strings(["ab", "c"])), FilterKey.key("a", .strings(["a", "bc"])),
      FilterKey.key("a", .string("\u{E9}")), FilterKey.key("a", .string("e\u{301}")),
    ]
    #expect(Set(keys).count == keys.count)
    #expect(keys.allSatisfy { $0.utf8.count == FilterKey.length })
    #expect(FilterKey.key("a", .number(0)) == FilterKey.key("a", .number(-0.0)))
    // Collections have it: it must never change.
    #expect(FilterKey.key("lang", .string("ko")) == "d64efa913042e218ca171d9e83fbbf9d")
  }
}

/// Three-valued logic over the conditions' small language: nil is unknown.
private struct Evaluator {
  private var rest: Substring
  private let metadata: Metadata
  private let keys: Set<String>

  init(_ text: String, _ metadata: Metadata) {
    rest = text[...]
    self.metadata = metadata
    keys = Set(FilterKey.all(of: metadata))
  }

  struct SyntaxError: Error {}

  mutating func whole() throws -> Bool {
    let value = try disjunction()
    guard rest.isEmpty else { throw SyntaxError() }
    return value ?? false
  }

  private mutating func take(_ text: String) -> Bool {
    guard rest.hasPrefix(text) else { return false }
    rest = rest.dropFirst(text.count)
    return true
  }

  private mutating func upTo(_ text: Character) throws -> String {
    guard let end = rest.firstIndex(of: text) else { throw SyntaxError() }
    defer { rest = rest[rest.index(after: end)...] }
    return String(rest[..<end])
  }

  private mutating func disjunction() throws -> Bool? {
    var values = [try conjunction()]
    while take(" or ") { values.append(try conjunction()) }
    return values.contains(true) ? true : values.contains(where: { $0 == nil }) ? nil : false
  }

  private mutating func conjunction() throws -> Bool? {
    var values = [try factor()]
    while take(" and ") { values.append(try factor()) }
    return values.contains(false) ? false : values.contains(where: { $0 == nil }) ? nil : true
  }

  private mutating func factor() throws -> Bool? {
    if take("not ") { return try factor().map { !$0 } }
    if take("(") {
      let value = try disjunction()
      guard take(")") else { throw SyntaxError() }
      return value
    }
    if take("array_contains(filter_keys, \"") {
      let key = try upTo("\"")
      guard take(")") else { throw SyntaxError() }
      return keys.contains(key)
    }
    if take("array_contains_any(filter_keys, [") {
      let list = try upTo("]")
      guard take(")") else { throw SyntaxError() }
      return list.split(separator: ", ").contains { keys.contains(String($0.dropFirst().dropLast())) }
    }
    guard take("metadata[\"") else { throw SyntaxError() }
    let field = try upTo("\"")
    guard take("] ") else { throw SyntaxError() }
    let comparison = try upTo(" ")
    let digits = rest.prefix { $0.isNumber || $0 == "-" || $0 == "." || $0 == "e" || $0 == "+" }
    rest = rest[digits.endIndex...]
    guard let bound = Double(digits) else { throw SyntaxError() }
    guard case .number(let number) = metadata[field] else { return nil }
    switch comparison {
    case "<": return number < bound
    case "<=": return number <= bound
    case ">": return number > bound
    case ">=": return number >= bound
    default: throw SyntaxError()
    }
  }
}
