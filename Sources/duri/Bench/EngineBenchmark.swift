import ArgumentParser
import EmbeddingEngine
import Encoder
import ModelFiles
import Synchronization

struct EngineBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine",
    abstract: "Measure the engine from token ids to vectors: scheduling and arithmetic only.",
    discussion: """
      Examples:
        duri bench engine --model ./multilingual-e5-small
        duri bench engine --model ./multilingual-e5-small --workload q16,mixed --json

      q16: one text of 16 tokens; p128x32: 32 texts of 128 tokens; p512: one text of 512;
      mixed: 128 texts of 8 to 361 tokens. Ids are random, of a fixed seed.
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var benchOptions: BenchOptions

  @Option(name: .customLong("workload"), help: "Comma-separated workloads.")
  var list = WorkloadList.all

  func run() async throws {
    try await reportingErrors {
      let folder = try ModelFolder.open(
        path: try BuiltInModels.resolve(modelOptions.model),
        maximumTokens: modelOptions.maxTokens, pooling: modelOptions.pooling)
      guard let precision = modelOptions.precision.resolved else {
        throw CommandError("a benchmark measures one arithmetic: --precision f32, bf16 or int8")
      }
      let encoder = try TransformerEncoder(folder, precision: precision)
      let configuration = modelOptions.engine
      let name = "duri-\(precision.rawValue)"
      report("duri: \(folder.contract.name), \(name), workers: \(configuration.workers)")
      if !benchOptions.json { print(EngineResult.header) }
      for workload in list.workloads {
        let measurement = try EngineMeasurement(
          workload, contract: folder.contract, precision: precision, encoder: encoder,
          configuration: configuration)
        let statistics = try await measurement.run(seconds: benchOptions.seconds)
        let result = EngineResult(
          engine: name, workload: workload.rawValue, tokens: workload.lengths.reduce(0, +),
          statistics: statistics)
        print(benchOptions.json ? result.json : result.row)
      }
    }
  }
}

/// One workload on one engine.
struct EngineMeasurement<E: BlockEncoder> {
  private let engine: EmbeddingEngine<E>
  private let tokenizer: PresetTokenizer
  private let lengths: [Int]

  init(
    _ workload: EngineWorkload, contract: ModelContract, precision: Precision, encoder: E,
    configuration: EngineConfiguration
  ) throws(CommandError) {
    lengths = workload.lengths
    let limit = min(contract.maximumTokens, encoder.maximumTokens)
    if let longest = lengths.max(), longest > limit {
      throw CommandError(
        "\(workload.rawValue) has texts of \(longest) tokens, the model takes \(limit); "
          + "leave it out with --workload")
    }
    tokenizer = try PresetTokenizer(
      lengths: lengths, vocabularySize: contract.body.vocabularySize, seed: 7)
    engine = EmbeddingEngine(
      contract: contract, precision: precision, tokenizer: tokenizer, encoder: encoder,
      configuration: configuration)
  }

  /// Warms up, checks what the encoder got to see, and measures.
  func run(seconds: Double) async throws -> SampleStatistics {
    do {
      let tokens = try await repetition()
      guard tokens == lengths.reduce(0, +) else {
        throw CommandError(
          "the encoder saw \(tokens) tokens instead of \(lengths.reduce(0, +)); "
            + "this is a fault of the benchmark")
      }
      _ = try await repetition()
      let samples = try await sample(seconds: seconds) { _ = try await repetition() }
      await engine.shutdown()
      guard let statistics = SampleStatistics(samples) else {
        throw CommandError("nothing was measured")
      }
      return statistics
    } catch {
      await engine.shutdown()
      throw error
    }
  }

  /// - Returns: the tokens computed.
  private func repetition() async throws -> Int {
    let delivered = Delivered()
    _ = try await engine.embed(
      tokenizer.inputs, deadline: nil, admission: .waiting
    ) { _, result in delivered.add(result) }
    return try delivered.tokens()
  }
}

/// Counts what the engine's threads deliver.
private final class Delivered: Sendable {
  private let state = Mutex((tokens: 0, failure: EngineError?.none))

  func add(_ result: Result<Embedded, EngineError>) {
    state.withLock { state in
      switch result {
      case .success(let embedded): state.tokens += embedded.receipt.tokensUsed
      case .failure(let error): state.failure = error
      }
    }
  }

  func tokens() throws(EngineError) -> Int {
    let (tokens, failure) = state.withLock { $0 }
    if let failure { throw failure }
    return tokens
  }
}
