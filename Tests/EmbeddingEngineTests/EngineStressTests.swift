import Synchronization
import Testing

@testable import EmbeddingEngine

/// What happened, counted from many tasks.
private final class Tally: Sendable {
  struct Counts: Sendable {
    var wrong = 0
    var answered = 0
    var computed = 0
    var overloaded = 0
  }
  private let state = Mutex(Counts())

  var counts: Counts { state.withLock { $0 } }
  func add(_ kind: WritableKeyPath<Counts, Int>, _ count: Int) {
    state.withLock { $0[keyPath: kind] += count }
  }
}

@Suite(.timeLimit(.minutes(2))) struct EngineStressTests {
  private func text(_ random: inout SeededGenerator) -> String {
    let letters = Array("abcdefghij 두리")
    let count = Int.random(in: 1...20, using: &random)
    var text = String((0..<count).map { _ in letters.randomElement(using: &random) ?? "a" })
    switch Int.random(in: 0..<40, using: &random) {
    case 0: text += "!"
    case 1: text += "~"
    case 2: text += "?"
    default: break
    }
    return text
  }

  private func isRight(_ result: Result<Embedded, EngineError>, _ text: String) -> Bool {
    switch result {
    case .success(let embedded):
      return embedded.vector == StubEncoder.expected(text)
    case .failure(let error):
      switch error.code {
      case .cancelled, .deadlineExceeded: return true
      case .internalFailure: return text.hasSuffix("!") || text.hasSuffix("?")
      case .nonFinite: return text.hasSuffix("~")
      case .invalidText: return text.allSatisfy { $0 == " " }
      case .overloaded, .invalidQuery, .textTooLong, .wrongModel, .shuttingDown: return false
      }
    }
  }

  /// Thousands of texts from many tasks, some cancelled, some with deadlines near or past.
  @Test(arguments: [(1, 1), (2, 0), (2, 1), (4, 3)])
  func everyIndexIsAnsweredOnce(workers: Int, tokenizers: Int) async {
    let engine = stubEngine(StubEncoder(maximumTokens: 512)) {
      $0.workers = workers
      $0.tokenizerThreads = tokenizers
      $0.queueTokens = 2000
    }
    let tally = Tally()
    await withTaskGroup(of: Void.self) { group in
      for task in 0..<24 {
        group.addTask {
          var random = SeededGenerator(UInt64(task) + 100)
          for _ in 0..<30 {
            let texts = (0..<Int.random(in: 1...12, using: &random)).map { _ in text(&random) }
            let deliveries = Deliveries()
            let deadline: ContinuousClock.Instant? =
              switch Int.random(in: 0..<4, using: &random) {
              case 0: .now + .microseconds(Int.random(in: -10...2000, using: &random))
              default: nil
              }
            let admission: Admission = Bool.random(using: &random) ? .waiting : .immediate
            let call = Task {
              try await engine.embed(
                inputs(texts), deadline: deadline, admission: admission,
                deliver: deliveries.deliver)
            }
            if Int.random(in: 0..<5, using: &random) == 0 {
              for _ in 0..<Int.random(in: 0...20, using: &random) { await Task.yield() }
              call.cancel()
            }
            switch await call.result {
            case .success:
              let results = deliveries.all
              if results.count != texts.count { tally.add(\.wrong, 1) }
              for (index, given) in results {
                tally.add(\.answered, given.count)
                if given.count != 1 || !isRight(given[0], texts[index]) {
                  tally.add(\.wrong, 1)
                }
                if case .success = given[0] { tally.add(\.computed, 1) }
              }
            case .failure(let error):
              if deliveries.count > 0 { tally.add(\.wrong, 1) }
              switch (error as? EngineError)?.code {
              case .overloaded: tally.add(\.overloaded, 1)
              case .cancelled, .deadlineExceeded: break
              default: tally.add(\.wrong, 1)
              }
            }
          }
        }
      }
    }
    #expect(tally.counts.wrong == 0)
    #expect(tally.counts.answered > 1000)
    #expect(tally.counts.computed > 500)
    let load = engine.load
    #expect(load.queuedTexts == 0)
    #expect(load.runningTexts == 0)
    #expect(load.admittedTokens == 0)
    #expect(load.waitingCalls == 0)
    #expect(load.refusedCalls == UInt64(tally.counts.overloaded))
    await engine.shutdown()
  }

  /// The same texts in one call, in many, and one by one: the same bits.
  @Test func batchingDoesNotChangeVectors() async throws {
    let engine = stubEngine { $0.workers = 2 }
    let texts = (0..<500).map { "text \($0) " + String(repeating: "z", count: $0 % 40) }
    let together = Deliveries()
    _ = try await engine.embed(
      inputs(texts), deadline: nil, admission: .immediate, deliver: together.deliver)
    let apart = Deliveries()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (index, text) in texts.enumerated() {
        group.addTask {
          _ = try await engine.embed(
            inputs([text]), deadline: nil, admission: .waiting
          ) { _, result in apart.deliver(index, result) }
        }
      }
      try await group.waitForAll()
    }
    for (index, text) in texts.enumerated() {
      #expect(together.vector(index) == StubEncoder.expected(text))
      #expect(apart.vector(index) == together.vector(index))
    }
    #expect(engine.load.computedTexts == 1000)
    await engine.shutdown()
  }
}
