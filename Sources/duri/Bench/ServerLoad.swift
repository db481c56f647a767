import DuriClient
import WireFormats

/// Sends one text a call to a server and records how long each answer took.
struct ServerLoad {
  let client: EmbeddingsClient
  /// Sent in turn; not empty.
  let texts: [String]

  /// Calls without an answer by then have failed.
  private static let timeout = Duration.seconds(60)
  /// How long an open loop waits for its last answers.
  private static let grace = Duration.seconds(10)

  /// Closed loop: each of `concurrency` callers sends its next call when the last was answered.
  func closed(concurrency: Int, seconds: Double) async -> LatencySummary {
    let record = LatencyRecord()
    let clock = ContinuousClock()
    let start = clock.now
    let end = start + .seconds(seconds)
    await withDiscardingTaskGroup { group in
      for caller in 0..<concurrency {
        group.addTask {
          var number = caller
          while clock.now < end, !Task.isCancelled {
            await call(number, intended: clock.now, record)
            number += concurrency
          }
        }
      }
    }
    return record.summary(elapsed: clock.now - start)
  }

  /// Open loop: `rate` calls a second are sent whether or not earlier ones were answered. What has
  /// no answer ten seconds after the last was to be sent has failed.
  ///
  /// Latency counts from the moment a call was *to be* sent. A client that measured from the moment
  /// it came to send would leave out just the waiting that an overloaded server causes.
  func open(rate: Double, seconds: Double) async -> LatencySummary {
    let record = LatencyRecord()
    let clock = ContinuousClock()
    let start = clock.now
    await withTaskGroup { group in
      group.addTask { await send(Int(rate * seconds), rate: rate, from: start, record) }
      group.addTask {
        // Ends early only because the calls have ended.
        try? await clock.sleep(until: start + .seconds(seconds) + Self.grace)
      }
      await group.next()
      group.cancelAll()
    }
    return record.summary(elapsed: clock.now - start)
  }

  private func send(
    _ count: Int, rate: Double, from start: ContinuousClock.Instant, _ record: LatencyRecord
  ) async {
    let clock = ContinuousClock()
    await withDiscardingTaskGroup { group in
      for number in 0..<count {
        let intended = start + .seconds(Double(number) / rate)
        if clock.now < intended {
          guard (try? await clock.sleep(until: intended, tolerance: .zero)) != nil else { return }
        }
        group.addTask { await call(number, intended: intended, record) }
      }
    }
  }

  private func call(
    _ number: Int, intended: ContinuousClock.Instant, _ record: LatencyRecord
  ) async {
    var request = Duri_V1_EmbedRequest()
    request.texts = [texts[number % texts.count]]
    do {
      let reply = try await client.embed(request, timeout: Self.timeout)
      let latency = ContinuousClock.now - intended
      guard let item = reply.items.first, item.status.code == 0 else {
        record.failed("item status \(reply.items.first?.status.code ?? 0)")
        return
      }
      record.answered(after: latency, tokens: Int(item.receipt.tokensUsed))
    } catch {
      record.failed(Task.isCancelled ? "no answer in time" : "\(error.code)")
    }
  }
}
