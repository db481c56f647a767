import Foundation
import HummingbirdCore
import Service

/// The interface's description at `/openapi.json`, and the web page's files from `/` on.
struct ResourceRoutes: RouteGroup {
  /// `openapi.json` and `page/` stand in it; nil where it was not found.
  let directory: String?

  func add(to table: inout RouteTable) {
    let description = directory.flatMap { Self.read($0 + "/openapi.json") }
    table.add(.get, "/openapi.json") { call in
      guard let description else {
        throw ServiceError(
          .notFound, "the description is not where the server looks; set \(Resources.variable)")
      }
      return description.answer(call.request)
    }
    guard let directory else { return }
    for (path, file) in Self.files(under: directory + "/page") {
      table.add(.get, "/" + path, isDocumented: false) { file.answer($0.request) }
      guard path == "index.html" || path.hasSuffix("/index.html") else { continue }
      table.add(.get, "/" + path.dropLast("index.html".count), isDocumented: false) {
        file.answer($0.request)
      }
    }
  }

  /// Files that may be served, by their path below the folder.
  private static func files(under folder: String) -> [(path: String, file: StaticFile)] {
    guard let names = FileManager.default.enumerator(atPath: folder) else { return [] }
    return names.compactMap { $0 as? String }.sorted().compactMap { name in
      // No hidden files, wherever they stand.
      guard !name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) else { return nil }
      return read(folder + "/" + name).map { (name, $0) }
    }
  }

  private static func read(_ path: String) -> StaticFile? {
    let ending = path.split(separator: ".").last.map { $0.lowercased() } ?? ""
    guard let type = StaticFile.contentTypes[ending],
      let bytes = FileManager.default.contents(atPath: path)
    else { return nil }
    return StaticFile([UInt8](bytes), contentType: type)
  }
}
