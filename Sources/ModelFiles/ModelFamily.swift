import Foundation

/// What a model's name says about it, for folders whose files say nothing.
enum ModelFamily: Equatable {
  case e5
  case e5Instruct

  /// `e5` as a whole word makes an E5 model, `instruct` beside it an instruct one.
  init?(name: String) {
    let words = name.lowercased().split { "-_/. ".contains($0) }
    guard words.contains("e5") else { return nil }
    self = words.contains("instruct") ? .e5Instruct : .e5
  }

  var prompts: Prompts {
    switch self {
    case .e5: return .e5
    case .e5Instruct: return .e5Instruct
    }
  }

  /// The name a folder's model goes by.
  ///
  /// A hub cache keeps a model under `models--{org}--{name}/snapshots/{revision}`, where the last
  /// component is a hash; anywhere else the last component is the name.
  static func modelName(folder: String) -> String {
    let components = URL(fileURLWithPath: folder).standardizedFileURL.pathComponents
    let last = components.last ?? folder
    guard components.count >= 3, components[components.count - 2] == "snapshots" else {
      return last
    }
    let repository = components[components.count - 3]
    let prefix = "models--"
    guard repository.hasPrefix(prefix) else { return last }
    let parts = repository.dropFirst(prefix.count).components(separatedBy: "--")
    guard let name = parts.last, !name.isEmpty else { return last }
    return name
  }
}
