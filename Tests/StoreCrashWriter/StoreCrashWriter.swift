import Foundation
import Retrieval
import StoreCrashDocuments

/// Changes a store and says so line by line, until it is killed: the child of the store's crash tests.
///
///     StoreCrashWriter write DIRECTORY SEED VERSION    changes for ever
///     StoreCrashWriter fill DIRECTORY BYTES            upserts until files may not grow, then without limit
@main
enum StoreCrashWriter {
  static func main() async {
    let arguments = CommandLine.arguments
    do {
      if arguments.count == 5, arguments[1] == "write", let seed = UInt64(arguments[3]),
        let version = Int(arguments[4])
      {
        try await change(arguments[2], seed: seed, version: version)
      } else if arguments.count == 4, arguments[1] == "fill", let bytes = UInt64(arguments[3]) {
        try await fill(arguments[2], bytes: bytes)
      } else {
        say("usage: write DIRECTORY SEED VERSION | fill DIRECTORY BYTES")
        exit(2)
      }
    } catch {
      say("error \(error)")
      exit(1)
    }
  }

  /// At once and whole: what is said before the end is read by the parent.
  private static func say(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(1, $0.baseAddress, $0.count) }
  }

  /// `begin upsert NUMBER:VERSION …` or `begin delete NUMBER …`, and `done` once it was acknowledged.
  private static func change(_ directory: String, seed: UInt64, version: Int) async throws {
    var generator = CrashGenerator(seed)
    var version = version
    let store = try await EmbeddedStore.open(
      directory: directory, configuration: CrashDocument.configuration)
    if try await store.collections().isEmpty {
      try await store.createCollection(CrashDocument.collection, contract: CrashDocument.contract)
    }
    say("open")
    while true {
      let numbers = (0..<Int.random(in: 1...12, using: &generator)).map { _ in
        Int.random(in: 0..<CrashDocument.count, using: &generator)
      }
      if Int.random(in: 0..<4, using: &generator) == 0 {
        say("begin delete " + numbers.map(String.init).joined(separator: " "))
        _ = try await store.delete(
          ids: numbers.map(CrashDocument.id), from: CrashDocument.collection)
      } else {
        version += 1
        say("begin upsert " + numbers.map { "\($0):\(version)" }.joined(separator: " "))
        try await store.upsert(
          numbers.map { CrashDocument.make($0, version) }, into: CrashDocument.collection,
          origin: CrashDocument.passage)
      }
      say("done")
    }
  }

  /// `stored N` after every acknowledged upsert, `refused` for the one that failed, and `stored N` again
  /// after the limit has gone.
  private static func fill(_ directory: String, bytes: UInt64) async throws {
    signal(SIGXFSZ, SIG_IGN)
    let store = try await EmbeddedStore.open(
      directory: directory, configuration: CrashDocument.configuration)
    try await store.createCollection(CrashDocument.collection, contract: CrashDocument.contract)
    var old = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old)
    var small = rlimit(rlim_cur: rlim_t(bytes), rlim_max: old.rlim_max)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &small)
    var version = 0
    func upsert() async throws(RetrievalError) {
      let documents = (0..<CrashDocument.count).map { CrashDocument.make($0, version) }
      try await store.upsert(documents, into: CrashDocument.collection, origin: CrashDocument.passage)
      say("stored \(version)")
      version += 1
    }
    do throws(RetrievalError) {
      while version < 10_000 { try await upsert() }
      say("never refused")
    } catch {
      say(error.code == .storage ? "refused" : "error \(error)")
    }
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &old)
    try await upsert()
    await store.close()
  }
}
