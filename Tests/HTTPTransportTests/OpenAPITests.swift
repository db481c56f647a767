import Foundation
import HTTPTypes
import TestSupport
import Testing

@testable import HTTPTransport

@Suite struct OpenAPITests {
  private func description() throws -> [String: Any] {
    let file = Repository.url("Sources/HTTPTransport/Resources/openapi.json")
    return try #require(
      try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
  }

  @Test func everyRouteIsDescribedAndNothingElse() throws {
    let paths = try #require(try description()["paths"] as? [String: [String: Any]])
    let described = Set(
      paths.flatMap { path, methods in methods.keys.map { "\($0.uppercased()) \(path)" } })
    let served = Set(
      try Harness().table().routes.filter(\.isDocumented).map { "\($0.method.rawValue) \($0.path)" })
    #expect(described == served)
    #expect(served.count > 20)
  }

  @Test func everyReferenceLeadsSomewhere() throws {
    let description = try description()
    var references: Set<String> = []
    func collect(_ value: Any) {
      if let object = value as? [String: Any] {
        if let reference = object["$ref"] as? String { references.insert(reference) }
        object.values.forEach(collect)
      } else if let list = value as? [Any] {
        list.forEach(collect)
      }
    }
    collect(description)
    #expect(references.count > 20)
    for reference in references {
      var place: Any? = description
      for part in reference.split(separator: "/").dropFirst() {
        place = (place as? [String: Any])?[String(part)]
      }
      #expect(place != nil, "\(reference)")
    }
  }

  @Test func partsInBracesAreParameters() throws {
    let description = try description()
    let components = description["components"] as? [String: Any]
    let shared = try #require(components?["parameters"] as? [String: [String: Any]])
    let paths = try #require(description["paths"] as? [String: [String: [String: Any]]])
    for (path, methods) in paths {
      let wanted = Set(
        path.split(separator: "/").filter { $0.hasPrefix("{") }
          .map { String($0.dropFirst().dropLast()) })
      for (method, operation) in methods {
        let list = (operation["parameters"] as? [[String: Any]] ?? []).compactMap { parameter in
          (parameter["$ref"] as? String).flatMap { shared[String($0.split(separator: "/").last ?? "")] }
            ?? parameter
        }
        let named = Set(list.filter { $0["in"] as? String == "path" }.compactMap { $0["name"] as? String })
        #expect(named == wanted, "\(method) \(path)")
      }
    }
  }

  @Test func itIsServedAsItIs() async throws {
    let answer = try await Harness().ask("GET", "/openapi.json")
    #expect(answer.status == 200)
    #expect(answer.headers["content-type"] == "application/json")
    #expect(answer.json["openapi"] as? String == "3.1.0")
  }
}
