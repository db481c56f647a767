import ArgumentParser
import Foundation

struct SimilarityCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "similarity",
    abstract: "Compare texts with each other: a matrix of cosines, and each text's nearest.",
    discussion: """
      Examples:
        duri similarity "고양이가 자고 있다." "The cat is asleep." "Stocks fell today."
        duri similarity --server 127.0.0.1:50051 sentences.txt
      """)

  @OptionGroup var modelOptions: ModelOptions
  @OptionGroup var textOptions: TextOptions

  @Option(help: ArgumentHelp("Embed through this server instead.", valueName: "host:port"))
  var server: Address?

  @Argument(help: ArgumentHelp("Texts, files with one text a line, or -.", valueName: "text|file|-"))
  var inputs: [String]

  /// A matrix beyond this is no longer read by anybody; `duri embed` serves larger comparisons.
  private static let maximumTexts = 200

  func run() async throws {
    try await reportingErrors {
      var iterator = TextSource(arguments: inputs).makeIterator()
      let texts = iterator.next(Self.maximumTexts + 1)
      if let failure = iterator.failure { throw failure }
      guard (2...Self.maximumTexts).contains(texts.count) else {
        throw CommandError(
          "\(texts.count > Self.maximumTexts ? "more than \(Self.maximumTexts)" : "\(texts.count)") "
            + "texts given; 2 to \(Self.maximumTexts) can be compared")
      }
      let collected = VectorCollector()
      var run = EmbedRun(writer: collected)
      try await embed(TextSource(texts: texts), into: &run)
      try run.finish()
      guard collected.vectors.count == texts.count else {
        throw CommandError("\(collected.vectors.count) vectors came back for \(texts.count) texts")
      }
      show(texts, Similarity.cosines(collected.vectors))
    }
  }

  private func embed(_ source: TextSource, into run: inout EmbedRun) async throws {
    if let server {
      try await ServerEmbedding(address: server, model: modelOptions.model, options: textOptions)
        .embed(source, into: &run)
    } else {
      let model = try modelOptions.load()
      try await LocalEmbedding(model: model, options: textOptions).embed(source, into: &run)
      await model.shutdown()
    }
  }

  private func show(_ texts: [String], _ cosines: [[Float]]) {
    let numbers = texts.indices.map { "\($0 + 1)" }
    for (number, text) in zip(numbers, texts) { print("\(padded(number, 4))  \(text)") }
    print("\n" + padded("", 4) + numbers.map { padded($0, 7) }.joined())
    for (row, number) in numbers.enumerated() {
      let cells = cosines[row].map { padded(String(format: "%.3f", $0), 7) }
      print(padded(number, 4) + cells.joined())
    }
    print("\nnearest:")
    for (row, number) in numbers.enumerated() {
      let others = texts.indices.filter { $0 != row }
      guard let nearest = others.max(by: { cosines[row][$0] < cosines[row][$1] }) else { continue }
      print(
        "\(padded(number, 4)) → \(padded(numbers[nearest], 3))  "
          + String(format: "%.3f", cosines[row][nearest]))
    }
  }

  private func padded(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}

/// Keeps vectors instead of writing them.
private final class VectorCollector: VectorWriter {
  private(set) var vectors: [[Float]] = []

  func write(_ result: EmbedResult, index: Int) throws {
    switch result {
    case .success(let text): vectors.append(text.vector)
    case .failure(let failure): throw CommandError("text \(index + 1): \(failure.message)")
    }
  }

  func finish() throws {}
}

enum Similarity {
  /// Cosines of all pairs of vectors of one length; 0 beside a zero vector.
  static func cosines(_ vectors: [[Float]]) -> [[Float]] {
    let lengths = vectors.map { dot($0, $0).squareRoot() }
    return vectors.indices.map { row in
      vectors.indices.map { column in
        let scale = lengths[row] * lengths[column]
        return scale > 0 ? dot(vectors[row], vectors[column]) / scale : 0
      }
    }
  }

  private static func dot(_ a: [Float], _ b: [Float]) -> Float {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
