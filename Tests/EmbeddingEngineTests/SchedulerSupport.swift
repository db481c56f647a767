import Testing

@testable import EmbeddingEngine

let start = ContinuousClock.now

func after(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

extension Scheduler {
  static func sample(
    queueTokens: Int = 10_000, blockTokens: Int = 100, blockTexts: Int = 64, workers: Int = 1
  ) -> Scheduler {
    Scheduler(
      Limits(
        queueTokens: queueTokens, blockTokens: blockTokens, blockTexts: blockTexts,
        patience: .seconds(5), workers: workers))
  }

  /// Offers a call of texts with these token counts.
  @discardableResult
  mutating func submit(
    _ id: CallID, _ tokens: [Int], _ admission: Admission = .immediate, deadline: Double? = nil,
    at now: Double = 0
  ) -> Submission {
    submit(
      id, texts: tokens.map { Text(tokens: $0) }, admission: admission,
      deadline: deadline.map { after($0) }, now: after(now))
  }

  /// Tokenizes everything; the estimates prove exact.
  mutating func tokenizeAll(at now: Double = 0) {
    while let id = nextUntokenized(now: after(now)) {
      _ = tokenized(id, tokens: calls[id.call]?.texts[id.index].tokens ?? 0)
    }
  }

  /// Texts of the next block as (call, index).
  mutating func block(sharing workers: Int = 1, at now: Double = 0) -> [TextID] {
    var picked: [TextID] = []
    fillBlock(into: &picked, sharing: workers, now: after(now))
    return picked
  }

  /// Calls in the order their texts are computed, one text per block.
  mutating func order(at now: Double = 0) -> [CallID] {
    var order: [CallID] = []
    tokenizeAll(at: now)
    while case let picked = block(at: now), !picked.isEmpty {
      order += picked.map(\.call)
      computed(picked, in: .milliseconds(1))
      tokenizeAll(at: now)
    }
    return order
  }
}

extension [Scheduler.TextID] {
  /// "call.index", for short expectations.
  var names: [String] { map { "\($0.call).\($0.index)" } }
}
