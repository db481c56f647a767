import Encoder

/// Everything the engine's threads share; always under the lock of ``EngineCore``.
struct EngineState: Sendable {
  typealias Instant = ContinuousClock.Instant

  var scheduler: Scheduler
  var calls: [Scheduler.CallID: CallRecord] = [:]
  /// Threads asleep, by index; the one that fell asleep last wakes first (its caches are warm).
  var idleWorkers: [Int] = []
  var idleTokenizers: [Int] = []
  /// Workers computing a block, their own or another one's.
  var computing = 0
  /// Places in teams, by worker, until the worker takes its place.
  private var places: [(team: Team, member: Int)?]
  /// Workers called to a team and not yet woken.
  private var recruits: [Int] = []
  /// When the keeper will look by itself; nil: it is awake.
  var keeperWakes: Instant?
  var liveThreads: Int
  var shutdownWaiters: [CheckedContinuation<Void, Never>] = []
  /// Reused by `fillBatch`.
  private var picked: [Scheduler.TextID] = []

  private let threads: ThreadNumbers

  init(scheduler: Scheduler, threads: ThreadNumbers) {
    self.scheduler = scheduler
    self.threads = threads
    places = Array(repeating: nil, count: threads.workers)
    liveThreads = threads.count
  }

  /// Nothing more will ever be done.
  var isOver: Bool { scheduler.isDraining && calls.isEmpty }

  // MARK: - Taking work

  /// The most urgent text without tokens.
  mutating func nextText(now: Instant) -> (id: Scheduler.TextID, input: TextInput)? {
    guard let id = scheduler.nextUntokenized(now: now), let call = calls[id.call] else {
      return nil
    }
    return (id, call.work.input(id.index))
  }

  /// Fills `batch` (emptied first) with the texts to be computed together.
  mutating func fillBatch(_ batch: inout [BatchItem], now: Instant) {
    batch.removeAll(keepingCapacity: true)
    scheduler.fillBlock(into: &picked, sharing: threads.workers - computing, now: now)
    for id in picked {
      guard let waiting = calls[id.call]?.takeWaiting(id.index), let call = calls[id.call] else {
        continue
      }
      batch.append(
        BatchItem(
          id: id, text: waiting.text, output: call.work.output(id.index),
          submitted: call.submitted, tokenization: waiting.tokenization))
    }
    if !batch.isEmpty { computing += 1 }
  }

  // MARK: - Teams

  /// A team for a block of so many tokens, led by the worker that has just taken it: the workers
  /// that have nothing else to do are called to it. They come back after that block at the latest.
  mutating func recruit(tokens: Int) -> Team {
    guard scheduler.untokenizedTexts + scheduler.readyTexts == 0 else { return Team(size: 1) }
    // Calling a thread costs microseconds; a short text has few to share.
    let helpers = min(idleWorkers.count, 3 + tokens / 16, 15)
    let team = Team(size: 1 + helpers)
    for member in 1..<team.size {
      guard let worker = idleWorkers.popLast() else { break }
      places[worker] = (team, member)
      recruits.append(worker)
      computing += 1
    }
    return team
  }

  /// The place this worker was called to, once.
  mutating func takePlace(_ worker: Int) -> (team: Team, member: Int)? {
    defer { places[worker] = nil }
    return places[worker]
  }

  // MARK: - Reporting it

  /// - Parameter batch: the one a `computed` report speaks of.
  mutating func note(_ report: Report, _ batch: [BatchItem], endings: inout [Ending]) {
    switch report {
    case .nothing: break
    case .tokenized(let id, let text, let duration): prepared(id, text, in: duration)
    case .computed(let start, let duration, let members):
      computed(batch, from: start, in: duration, members: members, endings: &endings)
    case .assisted: computing -= 1
    }
  }

  private mutating func prepared(
    _ id: Scheduler.TextID, _ text: Prepared, in duration: Duration
  ) {
    scheduler.counters.tokenizationTime += duration
    guard scheduler.tokenized(id, tokens: text.ids.count) else { return }
    calls[id.call]?.waiting[id.index] = (text, duration)
  }

  /// - Returns: the call whose text gets the error, unless the text was dropped meanwhile.
  mutating func rejected(
    _ id: Scheduler.TextID, in duration: Duration
  ) -> CallWork? {
    scheduler.counters.tokenizationTime += duration
    guard scheduler.rejected(id) else { return nil }
    calls[id.call]?.timings.extend(to: StageTimings(tokenization: duration))
    return calls[id.call]?.work
  }

  /// The batch is computed and delivered.
  private mutating func computed(
    _ batch: [BatchItem], from start: Instant, in duration: Duration, members: Int,
    endings: inout [Ending]
  ) {
    computing -= 1
    scheduler.computed(batch.lazy.map(\.id), in: duration * members)
    for item in batch {
      let timings = StageTimings(
        tokenization: item.tokenization,
        queue: max(.zero, start - item.submitted - item.tokenization), inference: duration)
      calls[item.id.call]?.timings.extend(to: timings)
      delivered(1, of: item.id.call, endings: &endings)
    }
  }

  /// Ends the call if those were its last texts.
  mutating func delivered(_ count: Int, of id: Scheduler.CallID, endings: inout [Ending]) {
    calls[id]?.undelivered -= count
    guard let call = calls[id], call.undelivered == 0 else { return }
    calls[id] = nil
    endings.append(Ending(call: call, outcome: .success(call.timings)))
  }

  /// Ends a call that was never admitted.
  mutating func ended(_ id: Scheduler.CallID, _ error: EngineError, endings: inout [Ending]) {
    guard let call = calls.removeValue(forKey: id) else { return }
    endings.append(Ending(call: call, outcome: .failure(error)))
  }

  // MARK: - Waking threads

  /// Threads to unpark after a change, most useful first; they count as awake from now on.
  ///
  /// Idle workers come first, since a worker that tokenizes a text can compute it without another
  /// hand-over. The tokenizer threads run only while every worker computes.
  mutating func threadsToWake() -> [Int] {
    if isOver { return wakeAll() }
    var wakes = recruits
    recruits.removeAll(keepingCapacity: true)
    if let wakesAt = keeperWakes,
      !scheduler.drops.isEmpty || scheduler.nextDeadline().map({ $0 < wakesAt }) ?? false
    {
      keeperWakes = nil
      wakes.append(threads.keeper)
    }
    var work = scheduler.untokenizedTexts + scheduler.readyBlocks
    while work > 0, let worker = idleWorkers.popLast() {
      wakes.append(worker)
      work -= 1
    }
    guard computing == threads.workers else { return wakes }
    var texts = scheduler.untokenizedTexts
    while texts > 0, let tokenizer = idleTokenizers.popLast() {
      wakes.append(tokenizer)
      texts -= 1
    }
    return wakes
  }

  private mutating func wakeAll() -> [Int] {
    let wakes = recruits + idleWorkers + idleTokenizers + (keeperWakes == nil ? [] : [threads.keeper])
    recruits.removeAll()
    idleWorkers.removeAll()
    idleTokenizers.removeAll()
    keeperWakes = nil
    return wakes
  }
}

/// Indices of the engine's threads: workers, then tokenizers, then the keeper.
struct ThreadNumbers: Sendable {
  let workers: Int
  let tokenizers: Int

  var keeper: Int { workers + tokenizers }
  var count: Int { keeper + 1 }
}
