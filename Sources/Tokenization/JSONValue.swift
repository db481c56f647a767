/// A small JSON tree. Members keep their order; a repeated key is found by its last value.
indirect enum JSONValue {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([(String, JSONValue)])

  /// A member of an object; nil if it is absent or null, or if this is no object.
  subscript(_ key: String) -> JSONValue? {
    guard case .object(let members) = self,
      let value = members.last(where: { $0.0.utf8.elementsEqual(key.utf8) })?.1
    else { return nil }
    if case .null = value { return nil }
    return value
  }

  var text: String? {
    if case .string(let value) = self { value } else { nil }
  }

  var flag: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }

  var integer: Int? {
    if case .number(let value) = self { Int(exactly: value) } else { nil }
  }

  var elements: [JSONValue]? {
    if case .array(let values) = self { values } else { nil }
  }

  /// Whether this is a string of exactly these bytes; String's own equality is canonical.
  func isText(_ expected: String) -> Bool {
    text.map { $0.utf8.elementsEqual(expected.utf8) } ?? false
  }
}
