import ArgumentParser
import Duri
import Foundation
import Service

struct PairsBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pairs",
    abstract: "Find the most similar pair among many sentences, and tell how long it took.",
    discussion: """
      Embeds the sentences and compares every one with every other, so the pair is the true one
      by the model's vectors. Lines that repeat an earlier one are left out.

      Examples:
        duri bench pairs                        10,000 sentences of a built-in grammar
        duri bench pairs --count 5000 sentences.txt
      """)

  @OptionGroup var modelOptions: ModelOptions

  @Option(help: ArgumentHelp("Sentences to compare.", valueName: "n"))
  var count = 10_000

  @Flag(help: "One JSON object instead of text.")
  var json = false

  @Argument(
    help: ArgumentHelp("One sentence a line, or - for standard input.", valueName: "file|-"))
  var file: String?

  func validate() throws {
    guard (2...1_000_000).contains(count) else {
      throw ValidationError("--count is \(count); 2 to 1000000 make sense")
    }
  }

  func run() async throws {
    try await reportingErrors {
      let sentences = try sentences()
      let model = try modelOptions.load()
      let clock = ContinuousClock()
      report("duri: embedding \(sentences.count) sentences with \(model.contract.name)")
      let start = clock.now
      let embedded = try await SentenceEmbedding(model: model).embed(sentences)
      let middle = clock.now
      let pair = await MostSimilarPair.find(
        embedded.rows, threads: modelOptions.engine.workers)
      let end = clock.now
      await model.shutdown()
      guard let pair else { throw CommandError("no pair has a similarity that is a number") }
      let result = PairsResult(
        sentences: sentences, tokens: embedded.tokens, pair: pair,
        cosine: embedded.rows.dot(pair.first, pair.second), dimension: embedded.rows.dimension,
        embedding: (middle - start) / .seconds(1), search: (end - middle) / .seconds(1))
      print(json ? result.json : result.text)
    }
  }

  private func sentences() throws -> [String] {
    guard let file else {
      guard count <= MadeSentences.available else {
        throw CommandError(
          "the built-in grammar makes \(MadeSentences.available) sentences, \(count) are asked "
            + "for; give a file")
      }
      return MadeSentences.make(count)
    }
    guard file == "-" || FileManager.default.fileExists(atPath: file) else {
      throw CommandError("there is no file \(file)")
    }
    var lines = TextSource(arguments: [file]).makeIterator()
    var seen: Set<String> = []
    var sentences: [String] = []
    while sentences.count < count, let line = lines.next() {
      if !line.allSatisfy(\.isWhitespace), seen.insert(line).inserted { sentences.append(line) }
    }
    if let failure = lines.failure { throw failure }
    guard sentences.count >= 2 else {
      throw CommandError("\(file) has \(sentences.count) different lines; 2 are needed for a pair")
    }
    if sentences.count < count {
      report("duri: \(file) has only \(sentences.count) different lines")
    }
    return sentences
  }
}

/// Embeds a list as fast as the engine goes: a few chunks at a time, so that no worker waits.
struct SentenceEmbedding {
  let model: EmbeddingModel

  private static let chunkSize = 512
  private static let chunksInFlight = 4

  /// - Returns: vectors of length 1 in the order of the sentences, and the tokens computed.
  func embed(_ sentences: [String]) async throws -> (rows: VectorRows, tokens: Int) {
    var rows = VectorRows(count: sentences.count, dimension: model.contract.dimension)
    var tokens = 0
    var progress = Progress()
    var done = 0
    let chunks = stride(from: 0, to: sentences.count, by: Self.chunkSize).map {
      $0..<min($0 + Self.chunkSize, sentences.count)
    }
    try await withThrowingTaskGroup(of: (Range<Int>, [EmbeddingService.Outcome]).self) { group in
      for (number, chunk) in chunks.enumerated() {
        if number >= Self.chunksInFlight, let finished = try await group.next() {
          tokens += try store(finished, in: &rows)
          done += finished.0.count
          progress.update(done: done)
        }
        group.addTask { (chunk, try await vectors(of: Array(sentences[chunk]))) }
      }
      for try await finished in group {
        tokens += try store(finished, in: &rows)
        done += finished.0.count
        progress.update(done: done)
      }
    }
    progress.finish(done: done)
    return (rows, tokens)
  }

  private func vectors(of chunk: [String]) async throws -> [EmbeddingService.Outcome] {
    try await model.embed(chunk, as: .symmetric, options: EmbedOptions(normalize: true))
  }

  /// - Returns: tokens of the chunk.
  private func store(
    _ chunk: (Range<Int>, [EmbeddingService.Outcome]), in rows: inout VectorRows
  ) throws -> Int {
    var tokens = 0
    for (index, outcome) in zip(chunk.0, chunk.1) {
      do {
        let embedded = try outcome.get()
        guard case .float32(let vector) = embedded.vector.storage else {
          throw CommandError("the vector has the wrong encoding")
        }
        rows.set(index, to: vector)
        tokens += embedded.receipt.tokensUsed
      } catch {
        throw CommandError("sentence \(index + 1): \(error)")
      }
    }
    return tokens
  }
}

/// What `duri bench pairs` found and how long it took.
struct PairsResult {
  let sentences: [String]
  let tokens: Int
  let pair: MostSimilarPair
  /// Of the pair, computed in double.
  let cosine: Double
  let dimension: Int
  /// Seconds.
  let embedding: Double
  /// Seconds.
  let search: Double

  private var comparisons: Int { sentences.count * (sentences.count - 1) / 2 }

  /// A multiplication and an addition for each component.
  private var gigaflops: Double {
    2 * Double(comparisons) * Double(dimension) / max(search, 1e-9) / 1e9
  }

  private func perSecond(_ amount: Int) -> String {
    String(format: "%.0f", Double(amount) / max(embedding, 1e-9))
  }

  var text: String {
    let seconds = { String(format: "%8.2f s", $0) }
    return """
      embedding \(seconds(embedding))   \(sentences.count) sentences, \
      \(perSecond(sentences.count)) sentences/s, \(perSecond(tokens)) tokens/s
      search    \(seconds(search))   \(comparisons) pairs, \
      \(String(format: "%.0f", gigaflops)) GFLOP/s
      together  \(seconds(embedding + search))
      most similar, cosine \(String(format: "%.6f", cosine)):
      \(pair.first + 1)  \(sentences[pair.first])
      \(pair.second + 1)  \(sentences[pair.second])
      """
  }

  /// Sentences are counted from 0 here, as arrays are.
  var json: String {
    "{\"sentences\":\(sentences.count),\"tokens\":\(tokens),"
      + "\"embedding_s\":\(String(format: "%.3f", embedding)),"
      + "\"search_s\":\(String(format: "%.3f", search)),"
      + "\"tokens_per_s\":\(perSecond(tokens)),\"first\":\(pair.first),\"second\":\(pair.second),"
      + "\"cosine\":\(String(format: "%.6f", cosine))}"
  }
}
