/// An opened, fully checked model folder in Hugging Face layout.
///
/// Opening reads every configuration and the headers of the weights, and checks the one against the
/// other; no weight is read until it is asked for.
public struct ModelFolder: Sendable {
  /// As given to ``open(path:maximumTokens:pooling:)``, without a trailing slash.
  public let path: String
  public let contract: ModelContract
  /// Which tokenizer file to load.
  public let tokenizer: TokenizerFile
  /// Every tensor the body needs is known to exist with its right shape.
  public let weights: WeightFiles
  /// The body's tensors, checked.
  public let tensors: BodyTensors
  /// The scoring head's tensors, checked; nil for an embedder.
  public let head: HeadTensors?
  /// Checkpoints of the dense modules, in the order of the contract's `denseModules`.
  let denseFiles: [WeightFiles]

  /// Opens and checks a model folder.
  ///
  /// - Parameters:
  ///   - path: the folder that holds `config.json`, or `modules.json` naming where it is.
  ///   - maximumTokens: limit in tokens instead of the declared one; at most the position table's.
  ///   - pooling: pooling instead of the declared one.
  /// - Throws: ``ModelFilesError``: `notFound` for an absent folder or file, `malformed` for a file
  ///   that is broken or contradicts another, `unsupported` for a model that cannot be computed.
  public static func open(
    path: String, maximumTokens: Int? = nil, pooling: Pooling? = nil
  ) throws(ModelFilesError) -> ModelFolder {
    try ModelFolder(path: path, maximumTokens: maximumTokens, pooling: pooling)
  }

  private init(
    path given: String, maximumTokens: Int?, pooling: Pooling?
  ) throws(ModelFilesError) {
    let path = given.count > 1 && given.hasSuffix("/") ? String(given.dropLast()) : given
    guard FileAccess.isFolder(path) else {
      throw ModelFilesError(code: .notFound, file: path, message: "is not a folder")
    }
    let (description, transformer) = try ContractReader(
      folder: path, maximumTokens: maximumTokens, pooling: pooling
    ).read()
    self.path = path
    contract = description
    tokenizer = try TokenizerFile.find(in: transformer)
    weights = try WeightFiles.open(folder: transformer)
    tensors = try BodyTensors(weights: weights, body: contract.body)
    if let scoring = contract.head {
      head = try HeadTensors(weights: weights, body: contract.body, kind: scoring.kind)
    } else {
      head = nil
    }
    var dense: [WeightFiles] = []
    for module in contract.denseModules {
      let files = try WeightFiles.open(folder: FileAccess.join(path, module.path))
      _ = try module.tensors(in: files)
      dense.append(files)
    }
    denseFiles = dense
  }

  /// Weight (outputSize, inputSize) and bias (outputSize) of one of the contract's dense modules.
  ///
  /// - Throws: ``ModelFilesError`` (`notFound`) for a module that is not of this folder.
  public func denseWeights(
    _ module: DenseModule
  ) throws(ModelFilesError) -> (weight: TensorView, bias: TensorView?) {
    guard let number = contract.denseModules.firstIndex(of: module) else {
      throw ModelFilesError(
        code: .notFound, file: FileAccess.join(path, module.path),
        message: "is not a dense module of this model")
    }
    return try module.tensors(in: denseFiles[number])
  }
}
