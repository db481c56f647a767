import Foundation
import HTTPTypes
import HummingbirdCore

/// Answers one request.
typealias RouteHandler = @Sendable (HTTPCall) async throws -> Response

/// One method on one path.
public struct Route: Sendable {
  public let method: HTTPRequest.Method
  /// As in OpenAPI: `/v1/collections/{name}`; a part in braces stands for any one part.
  public let path: String
  /// Whether OpenAPI tells of it; files of the web page are not an interface.
  public let isDocumented: Bool
  let handler: RouteHandler
  fileprivate let parts: [Part]

  fileprivate enum Part: Sendable {
    case literal(String)
    case parameter(String)
  }

  fileprivate init(
    _ method: HTTPRequest.Method, _ path: String, isDocumented: Bool,
    handler: @escaping RouteHandler
  ) {
    self.method = method
    self.path = path
    self.isDocumented = isDocumented
    self.handler = handler
    parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst().map { part in
      part.hasPrefix("{") && part.hasSuffix("}")
        ? .parameter(String(part.dropFirst().dropLast())) : .literal(String(part))
    }
  }

  /// How many parts are literal; the more, the better a match.
  fileprivate var literals: Int {
    parts.count { if case .literal = $0 { true } else { false } }
  }

  /// Values of the parameters; nil where the path is another.
  fileprivate func match(_ given: [String]) -> [String: String]? {
    guard given.count == parts.count else { return nil }
    var parameters: [String: String] = [:]
    for (part, value) in zip(parts, given) {
      switch part {
      case .literal(let text): guard text == value else { return nil }
      case .parameter(let name):
        guard !value.isEmpty else { return nil }
        parameters[name] = value
      }
    }
    return parameters
  }
}

/// Routes that belong together: one small type for each server's worth of paths.
protocol RouteGroup: Sendable {
  func add(to table: inout RouteTable)
}

/// Every path the listener answers.
public struct RouteTable: Sendable {
  public private(set) var routes: [Route] = []

  init(_ groups: [any RouteGroup] = []) {
    for group in groups { group.add(to: &self) }
  }

  /// Adds a route; of two for one method and path the first one counts.
  mutating func add(
    _ method: HTTPRequest.Method, _ path: String, isDocumented: Bool = true,
    _ handler: @escaping RouteHandler
  ) {
    routes.append(Route(method, path, isDocumented: isDocumented, handler: handler))
  }

  enum Match {
    case found(RouteHandler, parameters: [String: String])
    /// The path is served, but not with this method.
    case otherMethods([HTTPRequest.Method])
    case nothing
  }

  /// Finds the handler for a path as it stands in the request, percent-encoded; HEAD is served where GET is.
  func match(_ method: HTTPRequest.Method, path: String) -> Match {
    guard path.hasPrefix("/") else { return .nothing }
    var given: [String] = []
    for part in path.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      // An encoded slash is part of an id, so the path is split before it is decoded.
      guard let decoded = String(part).removingPercentEncoding else { return .nothing }
      given.append(decoded)
    }
    let method = method == .head ? .get : method
    var best: (route: Route, parameters: [String: String])?
    var others: [HTTPRequest.Method] = []
    for route in routes {
      guard let parameters = route.match(given) else { continue }
      if route.method != method {
        if !others.contains(route.method) { others.append(route.method) }
      } else if best.map({ $0.route.literals < route.literals }) ?? true {
        best = (route, parameters)
      }
    }
    if let best { return .found(best.route.handler, parameters: best.parameters) }
    return others.isEmpty ? .nothing : .otherMethods(Self.completed(others))
  }

  /// Methods of a path; empty where nothing is served.
  func methods(path: String) -> [HTTPRequest.Method] {
    switch match(.options, path: path) {
    case .otherMethods(let methods): methods
    case .found, .nothing: []
    }
  }

  private static func completed(_ methods: [HTTPRequest.Method]) -> [HTTPRequest.Method] {
    (methods.contains(.get) ? methods + [.head] : methods) + [.options]
  }
}
