/// `modules.json` of a sentence-transformers folder: what happens to a text, step by step.
///
/// The sequence this program computes is Transformer, Pooling, any number of Dense, and Normalize
/// or not; for a reranker, Transformer alone. Anything else is an error: a step left out would give wrong vectors in silence.
struct ModuleList: Equatable {
  /// Folder of the transformer's files inside the model folder; "" is the folder itself.
  var transformer: String
  /// Folder of the pooling configuration; nil in a reranker's list.
  var pooling: String?
  var dense: [String]
  var normalizes: Bool

  static let name = "modules.json"

  private struct Module: Decodable {
    let type: String
    let path: String
  }

  private enum Kind: String {
    case transformer = "Transformer"
    case pooling = "Pooling"
    case dense = "Dense"
    case normalize = "Normalize"
  }

  /// Nil when the folder has no `modules.json`.
  static func read(folder: String) throws(ModelFilesError) -> ModuleList? {
    let file = FileAccess.join(folder, name)
    guard let modules = try JSONFile.decodeIfPresent([Module].self, path: file) else { return nil }
    return try ModuleList(modules, file: file)
  }

  private init(_ modules: [Module], file: String) throws(ModelFilesError) {
    var transformer: String?
    var pooling: String?
    dense = []
    normalizes = false
    for (number, module) in modules.enumerated() {
      let kind = try Self.kind(of: module, number: number, file: file)
      try Self.checkPath(module, number: number, file: file)
      switch kind {
      case .transformer where transformer == nil:
        transformer = module.path
      case .pooling where transformer != nil && pooling == nil:
        pooling = module.path
      case .dense where pooling != nil && !normalizes:
        dense.append(module.path)
      case .normalize where pooling != nil && !normalizes:
        normalizes = true
      default:
        throw ModelFilesError(
          code: .unsupported, file: file, key: "[\(number)]/type",
          message: "\(kind.rawValue) stands where it cannot be computed; \(Self.order)")
      }
    }
    guard let transformer else { throw Self.absent(.transformer, file: file) }
    self.transformer = transformer
    self.pooling = pooling
  }

  /// Folder of the pooling configuration, which an embedder's list must name.
  func poolingFolder(in folder: String) throws(ModelFilesError) -> String {
    if let pooling { return pooling }
    throw Self.absent(.pooling, file: FileAccess.join(folder, Self.name))
  }

  private static func absent(_ kind: Kind, file: String) -> ModelFilesError {
    ModelFilesError(
      code: .malformed, file: file, message: "names no \(kind.rawValue) module; \(order)")
  }

  private static let order =
    "the supported order is Transformer, Pooling, Dense (any number), Normalize (or none)"

  /// Class paths moved between releases (`sentence_transformers.models.Pooling` became
  /// `sentence_transformers.sentence_transformer.modules.pooling.Pooling`); the last component
  /// stayed. Another package's class of the same name is other code, so the first counts too.
  private static func kind(
    of module: Module, number: Int, file: String
  ) throws(ModelFilesError) -> Kind {
    let components = module.type.split(separator: ".", omittingEmptySubsequences: false)
    guard components.count > 1, components.first == "sentence_transformers",
      let kind = components.last.flatMap({ Kind(rawValue: String($0)) })
    else {
      throw ModelFilesError(
        code: .unsupported, file: file, key: "[\(number)]/type",
        message: "is '\(module.type)'; known are sentence_transformers' Transformer, Pooling, "
          + "Dense and Normalize")
    }
    return kind
  }

  private static func checkPath(
    _ module: Module, number: Int, file: String
  ) throws(ModelFilesError) {
    let path = module.path
    let escapes = path.utf8.contains { $0 == UInt8(ascii: "\\") || $0 == 0 }
    guard !path.hasPrefix("/"), !escapes,
      !path.split(separator: "/").contains(where: { $0 == ".." })
    else {
      throw ModelFilesError(
        code: .malformed, file: file, key: "[\(number)]/path",
        message: "'\(path)' leads out of the model folder")
    }
  }
}
