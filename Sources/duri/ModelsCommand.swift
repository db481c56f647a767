import ArgumentParser
import ModelFiles

struct ModelsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the built-in models, or show what a model expects.",
    subcommands: [List.self, Show.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the built-in models.")

    func run() async throws {
      for name in BuiltInModels.list() {
        print(name + (name == BuiltInModels.defaultName ? "  (default)" : ""))
      }
      if BuiltInModels.list().isEmpty {
        report("duri: no built-in models found; set \(BuiltInModels.variable) to their folder")
        throw ExitCode.nothingDone
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Open a model, check all its files, and print its contract.",
      discussion: """
        Examples:
          duri models show
          duri models show ./multilingual-e5-small
        """)

    @Argument(help: ArgumentHelp("A model folder or a built-in model's name.", valueName: "ref"))
    var model = BuiltInModels.defaultName

    @Option(help: "Pooling, for folders that do not declare theirs.")
    var pooling: Pooling?

    func run() async throws {
      try await reportingErrors {
        let path = try BuiltInModels.resolve(model)
        let folder = try ModelFolder.open(path: path, pooling: pooling)
        print(description(of: folder.contract, path: path))
      }
    }

    private func description(of contract: ModelContract, path: String) -> String {
      let body = contract.body
      let prompts = contract.prompts
      var rows: [(String, String)] = [
        ("name", contract.name), ("folder", path),
        (
          "body",
          "\(body.architecture.rawValue), \(body.layerCount) layers × \(body.hiddenSize), "
            + "\(body.headCount) heads, feed-forward \(body.intermediateSize), "
            + "\(body.activation.rawValue)"
        ),
        ("vocabulary", "\(body.vocabularySize) rows"),
        ("positions", "\(body.positionRows) rows, a text's first token at row \(body.firstPosition)"),
        ("dimension", "\(contract.dimension)"),
        ("maximum tokens", "\(contract.maximumTokens)"),
        ("pooling", contract.pooling.rawValue),
        ("normalised", contract.normalizes ? "yes (L2)" : "no"),
      ]
      rows += contract.denseModules.map {
        ("dense", "\($0.path): \($0.inputSize) → \($0.outputSize), \($0.function.rawValue)")
      }
      if let instruct = prompts.instruct {
        rows.append(
          ("query prompt", quoted("\(instruct.opening){task}\(instruct.closing)")))
        rows.append(("default task", quoted(instruct.defaultTask)))
        rows.append(("symmetric task", quoted(instruct.symmetricTask)))
      } else {
        rows.append(("query prompt", quoted(prompts.query)))
        rows.append(("symmetric prompt", quoted(prompts.symmetric)))
      }
      rows.append(("passage prompt", quoted(prompts.passage)))
      rows += contract.provenance.map { ("decided by", $0) }
      let width = rows.map(\.0.count).max() ?? 0
      return rows.map { key, value in
        key + String(repeating: " ", count: width - key.count + 2) + value
      }.joined(separator: "\n")
    }
  }
}
