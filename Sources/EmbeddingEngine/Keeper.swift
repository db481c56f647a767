/// The thread that answers dropped texts at once, whatever the workers are doing.
struct Keeper {
  let core: EngineCore

  private enum Step: Sendable {
    case answer([Answer])
    case park(Duration)
    case stop
  }

  /// Runs until the engine is over.
  func run() {
    var answered: [Answer] = []
    while true {
      let step = nextStep(after: answered)
      answered = []
      switch step {
      case .answer(let answers):
        for answer in answers {
          for index in answer.indices { answer.work.fail(index, answer.error) }
        }
        answered = answers
      case .park(let duration):
        core.park(core.threads.keeper, for: duration)
      case .stop:
        return
      }
    }
  }

  private func nextStep(after answered: [Answer]) -> Step {
    let now = core.now()
    return core.update { state, endings in
      state.keeperWakes = nil
      for answer in answered {
        state.delivered(answer.indices.count, of: answer.call, endings: &endings)
      }
      state.scheduler.expire(now: now)
      let answers = state.scheduler.takeDrops().compactMap { drop in
        state.answer(to: drop, now: now, endings: &endings)
      }
      if !answers.isEmpty { return .answer(answers) }
      if state.isOver { return .stop }
      let wakes = state.scheduler.nextDeadline() ?? now + .seconds(3600)
      state.keeperWakes = wakes
      return .park(wakes - now)
    }
  }
}

/// An error to deliver for texts of one call.
struct Answer: Sendable {
  let call: Scheduler.CallID
  let indices: [Int]
  let error: EngineError
  let work: CallWork
}

extension EngineState {
  /// What to deliver for dropped texts; nil for a call that was never admitted, which ends with the
  /// error.
  fileprivate mutating func answer(
    to drop: Scheduler.Drop, now: Instant, endings: inout [Ending]
  ) -> Answer? {
    let error = EngineError(drop.reason)
    guard drop.wasAdmitted else {
      ended(drop.call, error, endings: &endings)
      return nil
    }
    guard let call = calls[drop.call] else { return nil }
    for index in drop.indices { calls[drop.call]?.waiting[index] = nil }
    calls[drop.call]?.timings.extend(to: StageTimings(queue: max(.zero, now - call.submitted)))
    return Answer(call: drop.call, indices: drop.indices, error: error, work: call.work)
  }
}
