/// Admission: how much may be in the engine at one time.
///
/// The budget (`queueTokens`) has two shares: three quarters for calls that wait (streams), one
/// quarter for calls that do not. Streams never take more than their share, so a server busy with
/// bulk work still answers single calls. Single calls may take everything while no stream waits,
/// and no more than their share while one does, so streams move on. Waiting calls are admitted
/// strictly in order of arrival: a large one is not passed by smaller ones behind it.
///
/// A call larger than its share is admitted when nothing else of its kind is admitted and the other
/// kind is within its own share; only such a call can exceed the budget, and only one of each kind
/// at a time.
extension Scheduler {
  enum Submission: Sendable, Equatable {
    case admitted
    /// Not admitted yet; it will be, or be dropped.
    case waiting
    /// The deadline is past: everything was dropped.
    case expired
    case refused(retryAfter: Duration)
    case shuttingDown
  }

  /// Offers a call.
  ///
  /// - Parameter texts: with their estimated tokens; at least one.
  mutating func submit(
    _ id: CallID, texts: [Text], admission: Admission, deadline: Instant?, now: Instant
  ) -> Submission {
    guard !isDraining else { return .shuttingDown }
    expire(now: now)
    if let deadline, deadline <= now {
      counters.droppedTexts += UInt64(texts.count)
      drops.append(
        Drop(call: id, reason: .expired, wasAdmitted: true, indices: Array(texts.indices)))
      return .expired
    }
    let cost = texts.reduce(0) { $0 + $1.tokens }
    let mustWait = admission == .waiting && !waiters.isEmpty
    let fits = !mustWait && hasRoom(for: cost, admission)
    guard fits || admission == .waiting else {
      counters.refusedCalls += 1
      return .refused(retryAfter: retryAfter)
    }
    calls[id] = Call(
      admission: admission, arrival: now, deadline: deadline,
      secondsPerToken: 1 / (speed.tokensPerWorkerSecond * Double(limits.workers)),
      texts: texts, open: texts.count, awaitsDeadline: deadline != nil)
    if let deadline { deadlines.push(QueueKey(due: deadline, call: id, index: 0)) }
    guard fits else {
      waiters.append(id)
      return .waiting
    }
    admit(id, cost: cost)
    return .admitted
  }

  /// Refuses new calls from now on and lets those still waiting for admission go.
  mutating func drain() {
    isDraining = true
    for id in waiters { drop(id, for: .shuttingDown) }
  }

  /// Drops every call whose deadline is at or before `now`. O(1) when there is none.
  mutating func expire(now: Instant) {
    while let key = deadlines.first(in: calls), key.due <= now {
      _ = deadlines.pop(in: calls)
      calls[key.call]?.awaitsDeadline = false
      drop(key.call, for: .expired)
    }
  }

  /// The next deadline of a call that has not ended.
  mutating func nextDeadline() -> Instant? {
    deadlines.first(in: calls)?.due
  }

  /// About how long the work admitted now will take, from 10 ms to a minute.
  var retryAfter: Duration {
    let perSecond = speed.tokensPerWorkerSecond * Double(limits.workers)
    return .seconds(min(max(Double(admittedTokens) / perSecond, 0.01), 60))
  }

  /// Gives back tokens of a call; a negative number takes more, when a text has more than was
  /// estimated.
  mutating func release(_ tokens: Int, of id: CallID) {
    guard tokens != 0, let call = calls[id] else { return }
    switch call.admission {
    case .immediate: immediateTokens -= tokens
    case .waiting: waitingTokens -= tokens
    }
    if tokens > 0 { admitWaiters() }
  }

  /// Admits waiting calls as long as the first one fits.
  mutating func admitWaiters() {
    guard !isDraining else { return }
    while let id = waiters.first, let call = calls[id] {
      let cost = call.texts.reduce(0) { $0 + $1.tokens }
      guard hasRoom(for: cost, .waiting) else { return }
      waiters.removeFirst()
      admit(id, cost: cost)
    }
  }

  private mutating func admit(_ id: CallID, cost: Int) {
    calls[id]?.isAdmitted = true
    switch calls[id]?.admission {
    case .immediate: immediateTokens += cost
    case .waiting: waitingTokens += cost
    case nil: break
    }
    enqueue(id)
  }

  private func hasRoom(for cost: Int, _ admission: Admission) -> Bool {
    let immediateShare = limits.queueTokens / 4
    let waitingShare = limits.queueTokens - immediateShare
    let fitsBudget = cost <= limits.queueTokens - admittedTokens
    switch admission {
    case .immediate:
      if fitsBudget && (waiters.isEmpty || immediateTokens + cost <= immediateShare) { return true }
      return immediateTokens == 0 && waitingTokens <= waitingShare
    case .waiting:
      if fitsBudget && waitingTokens + cost <= waitingShare { return true }
      return waitingTokens == 0 && immediateTokens <= immediateShare
    }
  }
}
