import Foundation

/// The Korean–English articles and questions that ship with the program; `Resources/README.md` describes them.
public enum DemoCorpus {
  /// Environment variable that names the directory outright.
  public static let variable = "DURI_DEMO_CORPUS"

  /// The directory with `corpus.jsonl`, `queries.jsonl` and `qrels/`; nil where the program was moved away from it.
  ///
  /// Looks in `$DURI_DEMO_CORPUS`, in `../share/duri/demo` next to the executable, beside the executable where the
  /// build puts resources, and upwards from there, as in a source checkout.
  public static func directory() -> String? {
    directory(
      environment: ProcessInfo.processInfo.environment, executable: Bundle.main.executablePath)
  }

  static func directory(environment: [String: String], executable: String?) -> String? {
    if let named = environment[variable], !named.isEmpty { return holdsCorpus(named) ? named : nil }
    guard let executable else { return nil }
    var folder = URL(fileURLWithPath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
    let beside = [
      folder.deletingLastPathComponent().appendingPathComponent("share/duri/demo"),
      folder.appendingPathComponent("duri_DemoCorpus.resources/Resources"),
    ]
    if let found = beside.first(where: { holdsCorpus($0.path) }) { return found.path }
    while true {
      let candidate = folder.appendingPathComponent("Sources/DemoCorpus/Resources").path
      if holdsCorpus(candidate) { return candidate }
      let parent = folder.deletingLastPathComponent()
      guard parent.path != folder.path, folder.path != "/" else { return nil }
      folder = parent
    }
  }

  private static func holdsCorpus(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: path + "/corpus.jsonl")
  }
}
