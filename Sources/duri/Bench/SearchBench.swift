import ArgumentParser
import Foundation
import Retrieval

struct SearchBenchmark: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search",
    abstract: "Measure the search among vectors: time, memory bandwidth, and what is missed.",
    discussion: """
      Examples:
        duri bench search
        duri bench search --rows 200000 --rounds 5 --json
        duri bench search --vectors docs.npy --queries queries.npy

      Vectors are made up, alike to those of an encoder, of a fixed seed, or read from files that
      'duri embed --format npy' wrote. deploy/peers/bench_faiss.py measures FAISS beside this.
      """)

  @Option(help: ArgumentHelp("Vectors to make up.", valueName: "n"))
  var rows = 1_000_000

  @Option(help: ArgumentHelp("Components of a vector that is made up.", valueName: "n"))
  var dimension = 384

  @Option(
    help: ArgumentHelp(
      "Weight of the direction that all made-up vectors share; 2 gives a mean cosine of 0.8.",
      valueName: "w"))
  var shared: Float = 1

  @Option(help: ArgumentHelp("Read the vectors from here.", valueName: "npy"))
  var vectors: String?

  @Option(help: ArgumentHelp("Read the queries from here.", valueName: "npy"))
  var queries: String?

  @Option(help: ArgumentHelp("Write rows.npy and queries.npy into this folder.", valueName: "folder"))
  var save: String?

  @Option(help: ArgumentHelp("Results a query.", valueName: "k"))
  var limit = 10

  @Option(help: ArgumentHelp("Threads of a search (default: one a core).", valueName: "n"))
  var threads: Int?

  @Option(help: ArgumentHelp("Queries searched at once, besides one.", valueName: "n"))
  var batch = 64

  @Option(help: ArgumentHelp("How often everything is measured.", valueName: "n"))
  var rounds = 5

  @Flag(help: "Small memory pages, as mapped files have them, instead of large ones.")
  var smallPages = false

  @Flag(help: "Wait for a line on standard input before each round; the end of input ends it.")
  var wait = false

  @Flag(help: "One JSON object a line instead of a table.")
  var json = false

  func validate() throws {
    guard (1...100_000_000).contains(rows), (1...4096).contains(dimension) else {
      throw ValidationError("--rows up to 100000000 and --dimension up to 4096 make sense")
    }
    guard (1...1000).contains(limit), (1...1024).contains(batch), (1...1000).contains(rounds) else {
      throw ValidationError("--limit, --rounds up to 1000 and --batch up to 1024 make sense")
    }
    guard (vectors == nil) == (queries == nil) else {
      throw ValidationError("--vectors and --queries go together")
    }
    if let threads, !(1...256).contains(threads) {
      throw ValidationError("--threads is \(threads); 1 to 256 make sense")
    }
  }

  func run() async throws {
    try await reportingErrors {
      let threads = threads ?? ProcessInfo.processInfo.activeProcessorCount
      let sample = try sample()
      if let save { try sample.write(to: save) }
      // Searches block: they get a thread of their own.
      try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
        let thread = Thread {
          done.resume(with: Result { try measure(sample, threads: threads) })
        }
        thread.stackSize = 8 << 20
        thread.start()
      }
    }
  }

  private func sample() throws -> SearchSample {
    if let vectors, let queries {
      return try SearchSample(vectors: vectors, queries: queries, largePages: !smallPages)
    }
    report("duri: making \(rows) vectors")
    return try SearchSample(
      rows: rows, dimension: dimension, shared: shared, largePages: !smallPages)
  }

  private func measure(_ sample: SearchSample, threads: Int) throws {
    let search = SearchMeasurement(sample, limit: limit, threads: threads, batch: batch)
    var lines = search.lines()
    if json { print(search.recallJSON(), terminator: "\n") }
    fflush(nil)
    for round in 0..<rounds {
      if wait, readLine() == nil { break }
      for index in lines.indices {
        let samples = search.measure(lines[index], round: round)
        lines[index].samples += samples
        if json {
          let list = samples.map { milliseconds($0) }.joined(separator: ",")
          print("{\(lines[index].key),\"ms\":[\(list)]}")
        }
      }
      if json { print("{\"round\":\(round)}") }
      fflush(nil)
    }
    if !json { print(search.table(lines)) }
  }
}
