import ArgumentParser
import Duri
import Encoder
import EmbeddingEngine
import ModelFiles
import Service
import Tokenization

extension Role: ExpressibleByArgument {}
extension Pooling: ExpressibleByArgument {}
extension Truncation: ExpressibleByArgument {}

/// Which model, and what to override about it.
struct ModelOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A model folder in Hugging Face layout, or a built-in model's name.", valueName: "ref"))
  var model = BuiltInModels.defaultName

  @Option(
    help: """
      Arithmetic: f32 (exact), bf16 (about twice as fast where the CPU has it), int8 (3-4 times faster), \
      or auto: the fastest that agrees with f32 on the model.
      """)
  var precision = PrecisionChoice.f32

  @Option(help: ArgumentHelp("Worker threads (default: one a core).", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Length limit in tokens (default: the model's).", valueName: "n"))
  var maxTokens: Int?

  @Option(help: "Pooling, for folders that do not declare theirs.")
  var pooling: Pooling?

  func validate() throws {
    if let threads, !(1...1_024).contains(threads) {
      throw ValidationError("--threads is \(threads); 1 to 1024 make sense")
    }
    if let maxTokens, maxTokens < 1 {
      throw ValidationError("--max-tokens is \(maxTokens); at least 1 makes sense")
    }
  }

  var engine: EngineConfiguration {
    threads.map {
      EngineConfiguration(workers: $0, tokenizerThreads: max(1, $0 / 2))
    } ?? EngineConfiguration()
  }

  func load() throws -> EmbeddingModel {
    try EmbeddingModel.load(
      model,
      options: EmbeddingModel.Options(
        precision: precision.resolved, maximumTokens: maxTokens, pooling: pooling, engine: engine))
  }
}

/// A precision by name, or the choice left to the program.
enum PrecisionChoice: String, ExpressibleByArgument, CaseIterable {
  case auto, f32, bf16, int8

  /// nil leaves the choice to the model's agreement with f32.
  var resolved: Precision? {
    switch self {
    case .auto: nil
    case .f32: .f32
    case .bf16: .bf16
    case .int8: .int8
    }
  }
}

/// How texts are to be embedded.
struct TextOptions: ParsableArguments {
  @Option(help: "Side of a search: query, passage, symmetric, or raw for no prefix.")
  var role = Role.symmetric

  @Option(help: ArgumentHelp("Task description, for instruct models.", valueName: "task"))
  var instruction: String?

  @Option(help: "Texts over the length limit: cut the end, cut the start, or error.")
  var truncate = Truncation.end

  @Option(help: ArgumentHelp("Keep the first n components.", valueName: "n"))
  var dimensions: Int?

  @Flag(inversion: .prefixedNo, help: "Scale vectors to length 1 (default: the model's choice).")
  var normalize: Bool?

  func validate() throws {
    if let dimensions, dimensions < 1 {
      throw ValidationError("--dimensions is \(dimensions); at least 1 makes sense")
    }
  }

  var embedOptions: EmbedOptions {
    EmbedOptions(normalize: normalize, truncation: truncate, dimensions: dimensions)
  }
}
