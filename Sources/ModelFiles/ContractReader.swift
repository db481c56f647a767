/// Reads every configuration of a folder and decides the model's contract, keeping a note of where
/// each decision came from.
struct ContractReader {
  let folder: String
  let maximumTokens: Int?
  let pooling: Pooling?

  /// - Returns: the contract, and the folder of the transformer's own files (config, weights,
  ///   tokenizer), which may be a subfolder.
  func read() throws(ModelFilesError) -> (contract: ModelContract, transformer: String) {
    let modules = try ModuleList.read(folder: folder)
    if modules == nil { try refusePartialFolder() }
    let transformer = FileAccess.join(folder, modules?.transformer ?? "")
    let configPath = FileAccess.join(transformer, TransformerFile.name)
    let config = try TransformerFile.read(path: configPath)
    var provenance: [String] = []
    let body = try config.body(path: configPath, notes: &provenance)
    provenance.append("architecture: \(config.modelType), \(TransformerFile.name)")

    let name = ModelFamily.modelName(folder: folder)
    // A body that was saved with a classifier and is pooled nevertheless is an embedder.
    if let classifier = config.classifier, modules?.pooling == nil {
      provenance.append("reranker: \(classifier), \(TransformerFile.name)")
      let contract = try reranker(
        name: name, body: body, transformer: transformer, provenance: provenance)
      return (contract, transformer)
    }
    let family = ModelFamily(name: name) ?? config.originalName.flatMap(ModelFamily.init(name:))

    let decided = try decidePooling(
      modules, family: family, hiddenSize: body.hiddenSize, &provenance)
    var dense: [DenseModule] = []
    var dimension = body.hiddenSize
    for module in modules?.dense ?? [] {
      let next = try DenseFile.module(module, folder: folder, inputSize: dimension)
      dimension = next.outputSize
      dense.append(next)
      provenance.append("dense: \(FileAccess.join(module, "config.json"))")
    }
    let prompts = try PromptsFile.prompts(folder: folder, family: family)
    provenance.append(prompts.provenance)
    let length = try LengthFiles.maximumTokens(
      folder: transformer, body: body, asked: maximumTokens)
    provenance.append(length.provenance)

    let contract = ModelContract(
      name: name, body: body, dimension: dimension, maximumTokens: length.tokens,
      pooling: decided.pooling, normalizes: decided.normalizes, denseModules: dense,
      prompts: prompts.prompts, provenance: provenance)
    return (contract, transformer)
  }

  /// The contract of a model that scores pairs.
  private func reranker(
    name: String, body: BodyConfiguration, transformer: String, provenance: [String]
  ) throws(ModelFilesError) -> ModelContract {
    var provenance = provenance
    let configPath = FileAccess.join(transformer, TransformerFile.name)
    if let pooling {
      throw ModelFilesError(
        code: .unsupported, file: configPath, key: "architectures",
        message: "names a reranker, which pools nothing; leave pooling '\(pooling.rawValue)' out")
    }
    let head = try HeadFile.head(
      body.architecture, path: configPath, folder: folder, notes: &provenance)
    let length = try LengthFiles.maximumTokens(
      folder: transformer, body: body, asked: maximumTokens)
    provenance.append(length.provenance)
    return ModelContract(
      name: name, body: body, dimension: 1, maximumTokens: length.tokens, pooling: .cls,
      normalizes: false, denseModules: [], prompts: .none, head: head, provenance: provenance)
  }

  private func decidePooling(
    _ modules: ModuleList?, family: ModelFamily?, hiddenSize: Int, _ provenance: inout [String]
  ) throws(ModelFilesError) -> (pooling: Pooling, normalizes: Bool) {
    guard let modules else {
      let reason =
        family == nil
        ? "assumed, since the folder has no \(ModuleList.name)" : "E5 family, by name"
      if let pooling {
        provenance.append("pooling: \(pooling.rawValue), as asked")
      } else if family == nil {
        provenance.append("pooling: mean, \(reason); pass --pooling if the model wants another")
      } else {
        provenance.append("pooling: mean, \(reason)")
      }
      provenance.append("normalisation: L2, \(reason)")
      return (pooling ?? .mean, true)
    }
    let source = FileAccess.join(try modules.poolingFolder(in: folder), "config.json")
    let chosen: Pooling
    if let pooling {
      chosen = pooling
      provenance.append("pooling: \(pooling.rawValue), as asked, instead of \(source)")
    } else {
      chosen = try PoolingFile.pooling(
        path: FileAccess.join(folder, source), hiddenSize: hiddenSize)
      provenance.append("pooling: \(chosen.rawValue), \(source)")
    }
    let normalisation = modules.normalizes ? "L2" : "none"
    provenance.append("normalisation: \(normalisation), \(ModuleList.name)")
    return (chosen, modules.normalizes)
  }

  /// Without `modules.json` a folder is taken for a plain transformer. One that holds a module's
  /// folder is a sentence-transformers model fetched in part: to guess its modules could drop one.
  private func refusePartialFolder() throws(ModelFilesError) {
    let signs = ["1_Pooling/config.json", "2_Dense/config.json", "0_Transformer/config.json"]
    for sign in signs where FileAccess.isFile(FileAccess.join(folder, sign)) {
      throw ModelFilesError(
        code: .notFound, file: FileAccess.join(folder, ModuleList.name),
        message: "is absent, yet the folder holds \(sign): this is a sentence-transformers model "
          + "fetched in part. Fetch \(ModuleList.name) as well")
    }
  }
}
