/// Packing of ready texts into blocks.
extension Scheduler {
  /// Blocks that workers could be given now, each worth waking one for.
  var readyBlocks: Int {
    min(readyTexts, (readyTokens + limits.smallestShare - 1) / limits.smallestShare)
  }

  /// Whether a worker should rather tokenize than compute: while less than a block is ready, or
  /// when a text without tokens is more urgent than any with them. Tokenizing takes microseconds, a
  /// block milliseconds.
  mutating func wantsTokens() -> Bool {
    guard let waiting = untokenized.first(in: calls) else { return false }
    guard readyTokens >= limits.blockTokens, let first = ready.first(in: calls) else { return true }
    return waiting < first
  }

  /// Takes the texts to be computed together: the most urgent one, then whatever fits in order of
  /// urgency.
  ///
  /// A text that does not fit is passed over (`lookAhead` of them at most) and keeps its place, so
  /// it heads a block of its own soon. Lengths are not matched: blocks have no padding, so mixed
  /// lengths cost nothing. A text longer than a block is computed alone.
  ///
  /// - Parameters:
  ///   - picked: emptied and filled; left empty if nothing is ready.
  ///   - workers: those without a block, the asking one included; little work is spread over them.
  mutating func fillBlock(into picked: inout [TextID], sharing workers: Int, now: Instant) {
    picked.removeAll(keepingCapacity: true)
    expire(now: now)
    let share = (readyTokens + max(1, workers) - 1) / max(1, workers)
    let limit = min(limits.blockTokens, max(limits.smallestShare, share))
    var total = 0
    while total < limit, picked.count < limits.blockTexts, let key = ready.pop(in: calls) {
      let tokens = calls[key.call]?.texts[key.index].tokens ?? 0
      if picked.isEmpty || total + tokens <= limit {
        let id = TextID(call: key.call, index: key.index)
        start(id, tokens: tokens)
        picked.append(id)
        total += tokens
      } else {
        passedOver.append(key)
        if passedOver.count >= limits.lookAhead { break }
      }
    }
    for key in passedOver { ready.push(key) }
    passedOver.removeAll(keepingCapacity: true)
  }
}

/// Recent speed of one worker.
struct Speed: Sendable {
  /// Assumed before anything has been measured.
  static let assumed = 1000.0
  /// Weight left to all earlier blocks after each new one.
  private static let memory = 0.9

  private var tokens = 0.0
  private var seconds = 0.0

  /// Tokens over time of recent blocks, each block weighing by its duration.
  var tokensPerWorkerSecond: Double {
    seconds > 0 && tokens > 0 ? tokens / seconds : Self.assumed
  }

  mutating func record(tokens: Int, in duration: Duration) {
    guard duration > .zero else { return }
    self.tokens = self.tokens * Self.memory + Double(tokens)
    seconds = seconds * Self.memory + duration / .seconds(1)
  }
}
