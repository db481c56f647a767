/// Which texts are admitted, and which are computed next: a value without I/O, threads or a clock
/// of its own.
///
/// A text passes through the phases of ``Phase``. The owner takes texts to tokenize
/// (``nextUntokenized(now:)``), reports them (``tokenized(_:tokens:)`` or ``rejected(_:)``), takes
/// blocks (``fillBlock(into:sharing:now:)``) and reports those (``computed(_:in:)``). Texts that
/// are cancelled or past their deadline leave at once, whatever their phase, unless they are being
/// computed; they are collected in `drops` for the owner to answer.
///
/// **Order.** Each text is *due* at its deadline or, if that is sooner, `patience` after its
/// arrival, and the earliest due goes first. Bulk (calls that may wait for admission: streams) has a
/// minute more patience, so that a single call passes a stream's backlog, yet bulk is never starved. The texts of one call count as arriving one after the
/// other at the pace the engine computes them, so a call of thousands of texts does not keep a
/// later call of one text waiting, nor is it starved itself: what is due once stays due, and later
/// arrivals are due later.
///
/// A report about a text that has been dropped meanwhile is legitimate and ignored.
struct Scheduler: Sendable {
  /// Given by the owner, ascending in order of arrival.
  typealias CallID = UInt64
  typealias Instant = ContinuousClock.Instant

  struct TextID: Hashable, Sendable {
    let call: CallID
    let index: Int
  }

  enum Phase: UInt8, Sendable {
    case untokenized, tokenizing, ready, running, finished
  }

  struct Text: Sendable {
    /// Estimated until tokenized, exact from then on; at least 1.
    var tokens: Int
    var phase = Phase.untokenized
    /// Set when the text is taken to be tokenized.
    var due: Instant?

    init(tokens: Int) {
      self.tokens = max(1, tokens)
    }
  }

  struct Call: Sendable {
    let admission: Admission
    let arrival: Instant
    let deadline: Instant?
    /// Pace at which the call's texts count as arriving.
    let secondsPerToken: Double
    var texts: [Text]
    var isAdmitted = false
    /// First text not yet taken to be tokenized.
    var next = 0
    /// Tokens of the texts before `next`.
    var tokensBefore = 0
    /// Texts not yet finished.
    var open: Int
    /// Whether a live key of this call is in `deadlines`.
    var awaitsDeadline = false
  }

  /// Texts that left without being computed.
  struct Drop: Sendable, Equatable {
    enum Reason: Sendable, Equatable {
      case cancelled, expired, shuttingDown
    }
    let call: CallID
    let reason: Reason
    /// False: the call was still waiting for admission and leaves as a whole.
    let wasAdmitted: Bool
    let indices: [Int]
  }

  struct Limits: Sendable {
    /// Tokens that may be admitted and not finished.
    var queueTokens: Int
    /// Tokens of one block.
    var blockTokens: Int
    /// Texts of one block.
    var blockTexts: Int
    var patience: Duration
    /// As `patience`, for texts of calls that may wait for admission.
    var bulkPatience: Duration { patience + .seconds(60) }
    var workers: Int
    /// Ready texts that may be passed over while a block is filled.
    var lookAhead = 32
    /// A block is not made smaller than this for the sake of giving idle workers a share.
    var smallestShare = 64
  }

  let limits: Limits
  var calls: [CallID: Call] = [:]
  /// Calls waiting for admission, in order of arrival.
  var waiters: [CallID] = []
  /// One key per call that has texts to tokenize.
  var untokenized: LazyHeap
  /// One key per text that is tokenized and waits for a worker.
  var ready: LazyHeap
  /// One key per call with a deadline.
  var deadlines: LazyHeap
  /// Tokens admitted and not finished, by kind of admission.
  var immediateTokens = 0
  var waitingTokens = 0
  var drops: [Drop] = []
  /// Keys passed over by the block being filled; empty between calls.
  var passedOver: [QueueKey] = []
  var speed = Speed()
  var isDraining = false

  private(set) var untokenizedTexts = 0
  private(set) var readyTexts = 0
  private(set) var readyTokens = 0
  private(set) var queuedTexts = 0
  private(set) var runningTexts = 0
  var counters = EngineLoad()

  init(_ limits: Limits) {
    self.limits = limits
    untokenized = LazyHeap { key, calls in calls[key.call]?.next == key.index }
    ready = LazyHeap { key, calls in calls[key.call]?.texts[key.index].phase == .ready }
    deadlines = LazyHeap { key, calls in calls[key.call] != nil }
  }

  var admittedTokens: Int { immediateTokens + waitingTokens }

  var load: EngineLoad {
    var load = counters
    load.queuedTexts = queuedTexts
    load.runningTexts = runningTexts
    load.admittedTokens = admittedTokens
    load.capacityTokens = limits.queueTokens
    load.waitingCalls = waiters.count
    load.workers = limits.workers
    load.tokensPerSecond = speed.tokensPerWorkerSecond * Double(limits.workers)
    return load
  }

  /// Hands out the drops since the last time.
  mutating func takeDrops() -> [Drop] {
    defer { drops.removeAll(keepingCapacity: true) }
    return drops
  }

  // MARK: - Phases

  /// Makes an admitted call's texts available; its tokens are counted already.
  mutating func enqueue(_ id: CallID) {
    guard let call = calls[id] else { return }
    queuedTexts += call.texts.count
    untokenizedTexts += call.texts.count
    pushNext(of: id)
  }

  private mutating func pushNext(of id: CallID) {
    guard let call = calls[id], call.next < call.texts.count else { return }
    untokenized.push(QueueKey(due: due(call), call: id, index: call.next))
  }

  /// When the call's next text is due.
  private func due(_ call: Call) -> Instant {
    let pace = Duration.seconds(call.secondsPerToken * Double(call.tokensBefore))
    let patience = call.admission == .waiting ? limits.bulkPatience : limits.patience
    let due = call.arrival + patience + pace
    return call.deadline.map { min($0, due) } ?? due
  }

  /// Takes the most urgent text that has no tokens yet.
  mutating func nextUntokenized(now: Instant) -> TextID? {
    expire(now: now)
    guard let key = untokenized.pop(in: calls) else { return nil }
    calls[key.call]?.take(due: key.due)
    untokenizedTexts -= 1
    pushNext(of: key.call)
    return TextID(call: key.call, index: key.index)
  }

  /// The text has its tokens now and is ready to be computed.
  ///
  /// - Returns: false if it was dropped meanwhile.
  mutating func tokenized(_ id: TextID, tokens: Int) -> Bool {
    guard let text = text(id, in: .tokenizing), let due = text.due else { return false }
    let tokens = max(1, tokens)
    change(id) {
      $0.tokens = tokens
      $0.phase = .ready
    }
    ready.push(QueueKey(due: due, call: id.call, index: id.index))
    readyTexts += 1
    readyTokens += tokens
    release(text.tokens - tokens, of: id.call)
    return true
  }

  /// The text cannot be tokenized and is finished.
  ///
  /// - Returns: false if it was dropped meanwhile.
  mutating func rejected(_ id: TextID) -> Bool {
    guard let text = text(id, in: .tokenizing) else { return false }
    queuedTexts -= 1
    finish(id)
    release(text.tokens, of: id.call)
    close(id.call)
    return true
  }

  /// The text goes into a block.
  mutating func start(_ id: TextID, tokens: Int) {
    change(id) { $0.phase = .running }
    readyTexts -= 1
    readyTokens -= tokens
    queuedTexts -= 1
    runningTexts += 1
  }

  /// The block's texts are finished, well or not.
  ///
  /// - Parameter duration: worker time: that of all who computed the block together.
  mutating func computed(_ block: some Sequence<TextID>, in duration: Duration) {
    var tokens = 0
    for id in block {
      guard let text = text(id, in: .running) else { continue }
      runningTexts -= 1
      tokens += text.tokens
      counters.computedTexts += 1
      finish(id)
      release(text.tokens, of: id.call)
      close(id.call)
    }
    counters.computedTokens += UInt64(tokens)
    counters.computedBlocks += 1
    counters.inferenceTime += duration
    speed.record(tokens: tokens, in: duration)
  }

  /// Drops what of a call is not being computed; a call that is not known has ended already.
  mutating func drop(_ id: CallID, for reason: Drop.Reason) {
    guard let call = calls[id] else { return }
    var indices: [Int] = []
    var released = 0
    var staleReady = 0
    if call.isAdmitted {
      for (index, text) in call.texts.enumerated() {
        switch text.phase {
        case .running, .finished: continue
        case .untokenized: untokenizedTexts -= 1
        case .tokenizing: break
        case .ready:
          readyTexts -= 1
          readyTokens -= text.tokens
          staleReady += 1
        }
        indices.append(index)
        released += text.tokens
      }
      queuedTexts -= indices.count
    } else {
      waiters.removeAll { $0 == id }
      indices = Array(call.texts.indices)
    }
    guard !indices.isEmpty else { return }
    counters.droppedTexts += UInt64(indices.count)
    drops.append(
      Drop(call: id, reason: reason, wasAdmitted: call.isAdmitted, indices: indices))
    for index in indices { finish(TextID(call: id, index: index)) }
    calls[id]?.next = call.texts.count
    ready.noteStale(staleReady, in: calls)
    if call.isAdmitted, call.next < call.texts.count { untokenized.noteStale(1, in: calls) }
    if released > 0 { release(released, of: id) }
    close(id)
    admitWaiters()
  }

  // MARK: - Bookkeeping

  private func text(_ id: TextID, in phase: Phase) -> Text? {
    guard let text = calls[id.call]?.texts[id.index], text.phase == phase else { return nil }
    return text
  }

  private mutating func change(_ id: TextID, _ body: (inout Text) -> Void) {
    calls[id.call]?.change(id.index, body)
  }

  private mutating func finish(_ id: TextID) {
    calls[id.call]?.finish(id.index)
  }

  /// Forgets a call whose last text is finished.
  private mutating func close(_ id: CallID) {
    guard let call = calls[id], call.open == 0 else { return }
    calls[id] = nil
    if call.awaitsDeadline { deadlines.noteStale(1, in: calls) }
  }
}

extension Scheduler.Call {
  fileprivate mutating func take(due: Scheduler.Instant) {
    texts[next].phase = .tokenizing
    texts[next].due = due
    tokensBefore += texts[next].tokens
    next += 1
  }

  fileprivate mutating func change(_ index: Int, _ body: (inout Scheduler.Text) -> Void) {
    body(&texts[index])
  }

  fileprivate mutating func finish(_ index: Int) {
    texts[index].phase = .finished
    open -= 1
  }
}
