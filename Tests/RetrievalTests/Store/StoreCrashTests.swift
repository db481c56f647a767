import Foundation
import StoreCrashDocuments
import StoreTestSupport
import Testing

@testable import Retrieval

/// A process that changes the store is killed at any moment; what it had acknowledged is there.
@Suite(.serialized) struct StoreCrashTests {
  private static let kills = 200

  /// Lies beside the test's own executable.
  private static let writer = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appending(path: "StoreCrashWriter")

  /// Versions by the documents' numbers.
  private typealias Model = [Int: Int]

  private enum Change: Equatable {
    case upsert([(number: Int, version: Int)])
    case delete([Int])

    init?(_ line: String) {
      let parts = line.split(separator: " ")
      guard parts.count > 2, parts[0] == "begin" else { return nil }
      if parts[1] == "delete" {
        self = .delete(parts.dropFirst(2).compactMap { Int($0) })
      } else {
        self = .upsert(
          parts.dropFirst(2).compactMap {
            let pair = $0.split(separator: ":").compactMap { Int($0) }
            return pair.count == 2 ? (pair[0], pair[1]) : nil
          })
      }
    }

    func apply(to model: inout Model) {
      switch self {
      case .upsert(let pairs): for pair in pairs { model[pair.number] = pair.version }
      case .delete(let numbers): for number in numbers { model[number] = nil }
      }
    }

    static func == (a: Change, b: Change) -> Bool { "\(a)" == "\(b)" }
  }

  @Test(.timeLimit(.minutes(5)))
  func acknowledgedChangesSurviveKills() async throws {
    let folder = try StoreFolder()
    var model: Model = [:]
    var version = 0
    var (acknowledged, inFlight) = (0, 0)
    var generator = StoreGenerator(2_024)
    for kill in 0..<Self.kills {
      // Most fall among changes, some into the opening.
      let moment =
        kill % 5 == 0
        ? Moment(lines: 0, microseconds: .random(in: 0..<40_000, using: &generator))
        : Moment(
          lines: .random(in: 1..<24, using: &generator),
          microseconds: .random(in: 0..<3_000, using: &generator))
      let lines = try await Self.run(
        ["write", folder.path, "\(kill)", "\(version)"], killAt: moment)
      var before = model
      var pending: Change?
      for line in lines {
        if line == "done" {
          pending?.apply(to: &before)
          pending = nil
          acknowledged += 1
        } else if let change = Change(line) {
          pending = change
          if case .upsert(let pairs) = change { version = max(version, pairs.first?.version ?? 0) }
        } else {
          #expect(line == "open")
        }
      }
      var after = before
      pending?.apply(to: &after)
      if kill % 10 == 9 { try Self.scribble(folder, using: &generator) }
      let found = try await Self.contents(folder, former: model, latest: version)
      #expect(found == before || found == after, "kill \(kill)")
      if pending != nil { inFlight += 1 }
      model = found
    }
    // The kills hit what they are meant to hit.
    #expect(acknowledged > Self.kills)
    #expect(inFlight > Self.kills / 4)
  }

  /// Files may not grow any more: the call is refused, what was stored stays, and later calls succeed.
  @Test(arguments: [300_000, 400_000, 700_000])
  func fullDiskIsAnError(_ bytes: Int) async throws {
    let folder = try StoreFolder()
    let lines = try await Self.run(["fill", folder.path, "\(bytes)"], killAt: nil)
    #expect(lines.count >= 3)
    let refused = try #require(lines.firstIndex(of: "refused"))
    #expect(refused > 0)
    // One more after the limit has gone.
    #expect(lines.last == "stored \(refused)")
    let model = Model(uniqueKeysWithValues: (0..<CrashDocument.count).map { ($0, refused) })
    #expect(try await Self.contents(folder, former: [:], latest: refused) == model)
  }

  // MARK: The child

  /// When a child is killed: so long after it has said so many lines. The moment is the test's dice; it waits
  /// for nothing.
  private struct Moment {
    var lines: Int
    var microseconds: UInt32
  }

  /// Runs the writer; returns the whole lines it said.
  private static func run(_ arguments: [String], killAt moment: Moment?) async throws -> [String] {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async {
        continuation.resume(with: Result { try runBlocking(arguments, killAt: moment) })
      }
    }
  }

  private static func runBlocking(_ arguments: [String], killAt moment: Moment?) throws -> [String] {
    let process = Process()
    process.executableURL = writer
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    var bytes = Data()
    if let moment {
      while bytes.count(where: { $0 == UInt8(ascii: "\n") }) < moment.lines {
        let more = output.fileHandleForReading.availableData
        if more.isEmpty { break }
        bytes += more
      }
      usleep(moment.microseconds)
      kill(process.processIdentifier, SIGKILL)
    }
    bytes += output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// Damages one of the row files, which are derived.
  private static func scribble(_ folder: StoreFolder, using generator: inout StoreGenerator) throws {
    let rows = folder.path + "/rows/1"
    let files = (try? FileManager.default.contentsOfDirectory(atPath: rows))?.sorted() ?? []
    guard let file = files.randomElement(using: &generator) else { return }
    let url = URL(fileURLWithPath: rows + "/" + file)
    var bytes = try Data(contentsOf: url)
    guard !bytes.isEmpty else { return }
    bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= 0xFF
    try bytes.write(to: url)
  }

  // MARK: What the store holds

  /// Opens the store and checks that every way to look at a document agrees.
  ///
  /// - Parameters:
  ///   - former: documents of before, whose words must be gone if they are.
  ///   - latest: the highest version given.
  private static func contents(
    _ folder: StoreFolder, former: Model, latest: Int
  ) async throws -> Model {
    let store = try await EmbeddedStore.open(
      directory: folder.path, configuration: CrashDocument.configuration)
    guard try await store.collections().contains(where: { $0.name == CrashDocument.collection }) else {
      await store.close()
      return [:]
    }
    let name = CrashDocument.collection
    let listed = try await store.list(name, filter: nil, limit: 1_000, after: nil, vectors: true)
    var model: Model = [:]
    for each in listed {
      guard let number = Int(each.document.id.dropFirst(2)),
        case .number(let version) = each.document.metadata["version"]
      else {
        Issue.record("a document that nobody stored: \(each.document.id)")
        continue
      }
      // Whole, to the last bit.
      #expect(each == CrashDocument.make(number, Int(version)))
      model[number] = Int(version)
    }
    let ids = listed.map(\.document.id)
    #expect(try await store.collection(name).count == listed.count)
    #expect(try await store.get(ids: ids, from: name, vectors: true) == listed.map { Optional($0) })
    let table = try await store.vectors(name, filter: nil, limit: 1_000)
    #expect(table.ids == ids)
    #expect(table.values == listed.flatMap(\.vector))
    let nearest = try await store.search(
      name,
      VectorSearch(queries: listed.map(\.vector), origin: CrashDocument.query, limit: 1, documents: false))
    #expect(nearest.map { $0.first?.id } == ids)
    let letters = try await store.searchText(name, query: "편지", limit: 1_000, filter: nil)
    #expect(Set(letters.map(\.id)) == Set(ids))
    let even = try await store.list(
      name, filter: .equals(field: "even", .bool(true)), limit: 1_000, after: nil, vectors: false)
    #expect(
      Set(even.map(\.document.id)) == Set(model.filter { $0.value % 2 == 0 }.map { CrashDocument.id($0.key) })
    )
    for (number, version) in model {
      let hits = try await store.searchText(
        name, query: CrashDocument.word(number, version), limit: 10, filter: nil)
      #expect(hits.map(\.id) == [CrashDocument.id(number)])
    }
    for (number, version) in former where model[number] != version {
      let hits = try await store.searchText(
        name, query: CrashDocument.word(number, version), limit: 10, filter: nil)
      #expect(hits.isEmpty)
    }
    await store.close()
    return model
  }
}
