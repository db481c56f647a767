import Foundation
import Service

/// Fields of a query string; one that is unknown or stands twice is an error, as in a body.
struct QueryFields {
  private var values: [String: String] = [:]

  init(_ text: String, known: [String]) throws(ServiceError) {
    for field in text.split(separator: "&") {
      let halves = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(halves[0]), known.contains(name) else {
        let list = known.isEmpty ? "none" : known.joined(separator: ", ")
        throw ServiceError(.invalidArgument, "the query has an unknown field; known here: \(list)")
      }
      guard values[name] == nil else {
        throw ServiceError(.invalidArgument, "query field '\(name)' stands twice")
      }
      guard let value = halves.count > 1 ? Self.decoded(halves[1]) : "" else {
        throw ServiceError(.invalidArgument, "query field '\(name)' is not percent-encoded UTF-8")
      }
      values[name] = value
    }
  }

  /// Text; empty where it is left out.
  func text(_ name: String) -> String { values[name] ?? "" }

  /// A whole number; 0 where it is left out.
  func number(_ name: String) throws(ServiceError) -> Int {
    guard let text = values[name] else { return 0 }
    guard let number = Int(text) else {
      throw ServiceError(.invalidArgument, "query field '\(name)' must be a whole number")
    }
    return number
  }

  /// `true` or `false`; false where it is left out.
  func flag(_ name: String) throws(ServiceError) -> Bool {
    switch values[name] {
    case nil, "false": return false
    case "true": return true
    default:
      throw ServiceError(.invalidArgument, "query field '\(name)' must be true or false")
    }
  }

  /// Forms write a space as a plus sign.
  private static func decoded(_ text: Substring) -> String? {
    text.replacingOccurrences(of: "+", with: " ").removingPercentEncoding
  }
}
