/// One thread that tokenizes while every worker computes.
struct TokenizerThread {
  let number: Int
  let core: EngineCore
  let preparer: TextPreparer

  /// Runs until the engine is over.
  func run() {
    var report = Report.nothing
    while true {
      let work = core.nextText(tokenizer: number, after: report)
      report = .nothing
      switch work {
      case .tokenize(let id, let input):
        report = core.tokenize(id, input, with: preparer)
      case .park:
        core.park(number)
      case .compute, .assist, .stop:
        return
      }
    }
  }
}

extension EngineCore {
  /// Tokenizes one text. An error is delivered here, so there is nothing left to report then.
  func tokenize(
    _ id: Scheduler.TextID, _ input: TextInput, with preparer: TextPreparer
  ) -> Report {
    let start = now()
    do {
      let prepared = try preparer.prepare(input)
      return .tokenized(id, prepared, now() - start)
    } catch {
      let duration = now() - start
      // Claimed under the lock first, so that a cancellation cannot answer it too.
      if let work = update({ state, _ in state.rejected(id, in: duration) }) {
        work.fail(id.index, error)
        update { state, endings in state.delivered(1, of: id.call, endings: &endings) }
      }
      return .nothing
    }
  }
}
