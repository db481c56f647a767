import Foundation

/// The folder with the interface's description and the web page.
public enum Resources {
  /// Environment variable that names the folder outright.
  public static let variable = "DURI_HTTP_RESOURCES"

  /// nil where the program was moved away from it.
  ///
  /// Looks in `$DURI_HTTP_RESOURCES`, in `../share/duri/http` next to the executable, beside the executable
  /// where the build puts resources, and upwards from there, as in a source checkout.
  public static func directory() -> String? {
    directory(
      environment: ProcessInfo.processInfo.environment, executable: Bundle.main.executablePath)
  }

  static func directory(environment: [String: String], executable: String?) -> String? {
    if let named = environment[variable], !named.isEmpty { return isFolder(named) ? named : nil }
    guard let executable else { return nil }
    var folder = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
    let beside = [
      folder.deletingLastPathComponent().appendingPathComponent("share/duri/http"),
      folder.appendingPathComponent("duri_HTTPTransport.resources/Resources"),
    ]
    if let found = beside.first(where: { isFolder($0.path) }) { return found.path }
    while true {
      let candidate = folder.appendingPathComponent("Sources/HTTPTransport/Resources").path
      if isFolder(candidate) { return candidate }
      let parent = folder.deletingLastPathComponent()
      guard parent.path != folder.path, folder.path != "/" else { return nil }
      folder = parent
    }
  }

  private static func isFolder(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/openapi.json")
  }
}
