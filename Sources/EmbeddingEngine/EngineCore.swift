import Encoder
import Synchronization

/// The shared heart of an engine: state under one lock, and a place to sleep for each thread.
///
/// Nothing is delivered, resumed or unparked while the lock is held. The threads own this object
/// and not the engine, so an engine that is let go ends them.
final class EngineCore: Sendable {
  typealias Instant = ContinuousClock.Instant

  let threads: ThreadNumbers
  let now: @Sendable () -> Instant
  private let state: Mutex<EngineState>
  private let parkers: [Parker]

  init(
    limits: Scheduler.Limits, tokenizerThreads: Int, now: @escaping @Sendable () -> Instant
  ) {
    threads = ThreadNumbers(workers: limits.workers, tokenizers: tokenizerThreads)
    self.now = now
    state = Mutex(EngineState(scheduler: Scheduler(limits), threads: threads))
    parkers = (0..<threads.count).map { _ in Parker() }
  }

  /// Runs `body` under the lock; afterwards resumes the calls it ended and wakes the threads it
  /// gave work to.
  func update<Value: Sendable>(
    _ body: (inout EngineState, inout [Ending]) -> Value
  ) -> Value {
    let (value, endings, wakes) = state.withLock { state in
      var endings: [Ending] = []
      let value = body(&state, &endings)
      return (value, endings, state.threadsToWake())
    }
    for thread in wakes { parkers[thread].unpark() }
    for ending in endings { ending.resume() }
    return value
  }

  var load: EngineLoad { state.withLock { $0.scheduler.load } }

  // MARK: - Calls

  /// - Returns: why the call was not taken; nil if `record` now belongs to the core.
  func submit(
    _ id: Scheduler.CallID, _ record: CallRecord, texts: [Scheduler.Text], admission: Admission,
    deadline: Instant?
  ) -> EngineError? {
    update { state, _ in
      let submission = state.scheduler.submit(
        id, texts: texts, admission: admission, deadline: deadline, now: record.submitted)
      switch submission {
      case .admitted, .waiting, .expired:
        state.calls[id] = record
        return nil
      case .refused(let retryAfter):
        return .overloaded(state.scheduler.load, retryAfter: retryAfter)
      case .shuttingDown:
        return .shuttingDown
      }
    }
  }

  func cancel(_ id: Scheduler.CallID) {
    update { state, _ in state.scheduler.drop(id, for: .cancelled) }
  }

  // MARK: - Threads

  /// Sleeps until another thread has work for this one; at most `duration` if there is one.
  func park(_ thread: Int, for duration: Duration? = nil) {
    if let duration {
      parkers[thread].park(for: duration)
    } else {
      parkers[thread].park()
    }
  }

  func unpark(_ thread: Int) {
    parkers[thread].unpark()
  }

  /// A worker's next step: help the team it was called to, tokenize while that is wanted, else
  /// compute, else sleep.
  ///
  /// - Parameter batch: the batch that `report` speaks of, then the one to compute next.
  func nextWork(
    worker: Int, batch: inout [BatchItem], after report: Report = .nothing
  ) -> Work {
    let now = now()
    return update { state, endings in
      state.note(report, batch, endings: &endings)
      if let (team, member) = state.takePlace(worker) { return .assist(team, member) }
      if state.scheduler.wantsTokens(), let text = state.nextText(now: now) {
        return .tokenize(text.id, text.input)
      }
      state.fillBatch(&batch, now: now)
      if !batch.isEmpty {
        return .compute(state.recruit(tokens: batch.reduce(0) { $0 + $1.text.ids.count }))
      }
      if state.isOver { return .stop }
      state.idleWorkers.append(worker)
      return .park
    }
  }

  /// A tokenizer thread's next step.
  func nextText(tokenizer: Int, after report: Report = .nothing) -> Work {
    let now = now()
    return update { state, endings in
      state.note(report, [], endings: &endings)
      if let text = state.nextText(now: now) { return .tokenize(text.id, text.input) }
      if state.isOver { return .stop }
      state.idleTokenizers.append(tokenizer)
      return .park
    }
  }

  /// The last thing a thread does.
  func threadEnded() {
    let waiters = state.withLock { state in
      state.liveThreads -= 1
      guard state.liveThreads == 0 else { return [CheckedContinuation<Void, Never>]() }
      defer { state.shutdownWaiters.removeAll() }
      return state.shutdownWaiters
    }
    for waiter in waiters { waiter.resume() }
  }

  // MARK: - Shutdown

  /// Refuses new calls and lets the threads end when the admitted ones are answered.
  func drain() {
    update { state, _ in state.scheduler.drain() }
  }

  /// Returns when the last thread has ended.
  func threadsEnded() async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        guard state.liveThreads > 0 else { return true }
        state.shutdownWaiters.append(continuation)
        return false
      }
      if isOver { continuation.resume() }
    }
  }
}

/// What a thread does next.
enum Work: Sendable {
  case tokenize(Scheduler.TextID, TextInput)
  /// The batch is filled; the team is the worker's to lead.
  case compute(Team)
  case assist(Team, Int)
  case park
  case stop
}

/// What a thread has done since it last asked.
enum Report: Sendable {
  case nothing
  case tokenized(Scheduler.TextID, Prepared, Duration)
  /// The batch it was given, by a team of so many members.
  case computed(start: ContinuousClock.Instant, Duration, members: Int)
  /// Another worker's block.
  case assisted
}
