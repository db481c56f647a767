import Foundation

/// Built-in models: folders under a `Models` directory found beside the program.
public enum BuiltInModels {
  /// What is served when no model is named.
  public static let defaultName = "duri-ko-en"
  /// Environment variable that names the directory outright.
  public static let variable = "DURI_MODELS"

  /// The directory that holds the built-in models.
  ///
  /// Looks in `$DURI_MODELS` (alone, when it is set), then in `../share/duri/models` next to the
  /// executable, then upwards from the executable for a `Models` folder that holds a model, as in a
  /// source checkout. Nil when there is none.
  public static func directory() -> String? {
    directory(
      environment: ProcessInfo.processInfo.environment, executable: Bundle.main.executablePath)
  }

  /// Names of the built-in models, sorted.
  public static func list() -> [String] { models(in: directory()) }

  /// Turns what a user calls a model into its folder: an existing folder, or a built-in name.
  ///
  /// - Throws: ``ModelFilesError`` (`notFound`) that lists the built-in names; models of the form
  ///   `org/name` have to be fetched beforehand and named by their folder.
  public static func resolve(_ reference: String) throws(ModelFilesError) -> String {
    try resolve(reference, directory: directory())
  }

  // MARK: - With the surroundings as parameters

  static func directory(environment: [String: String], executable: String?) -> String? {
    if let named = environment[variable], !named.isEmpty {
      return FileAccess.isFolder(named) ? named : nil
    }
    guard let executable else { return nil }
    var folder = URL(fileURLWithPath: executable).resolvingSymlinksInPath()
      .deletingLastPathComponent()
    let installed = folder.deletingLastPathComponent().appendingPathComponent("share/duri/models")
    if FileAccess.isFolder(installed.path) { return installed.path }
    while true {
      let candidate = folder.appendingPathComponent("Models").path
      if !models(in: candidate).isEmpty { return candidate }
      let parent = folder.deletingLastPathComponent()
      guard parent.path != folder.path, folder.path != "/" else { return nil }
      folder = parent
    }
  }

  static func models(in directory: String?) -> [String] {
    guard let directory,
      let entries = try? FileManager.default.contentsOfDirectory(atPath: directory)
    else { return [] }
    return entries.filter { name in
      let folder = FileAccess.join(directory, name)
      return [TransformerFile.name, ModuleList.name].contains {
        FileAccess.isFile(FileAccess.join(folder, $0))
      }
    }.sorted()
  }

  static func resolve(
    _ reference: String, directory: String?
  ) throws(ModelFilesError) -> String {
    if !reference.isEmpty, FileAccess.isFolder(reference) { return reference }
    let names = models(in: directory)
    if let directory, names.contains(reference) { return FileAccess.join(directory, reference) }
    let known =
      names.isEmpty
      ? "no built-in models were found; set \(variable) to the directory that holds them"
      : "built-in models: \(names.joined(separator: ", "))"
    throw ModelFilesError(
      code: .notFound, file: reference,
      message: "is neither a folder nor a built-in model (\(known)). A model of the form org/name "
        + "has to be downloaded beforehand; then name its folder")
  }
}
