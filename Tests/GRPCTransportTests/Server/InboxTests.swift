import Synchronization
import Testing

@testable import GRPCTransport

@Suite(.timeLimit(.minutes(1)))
struct InboxTests {
  private final class Count: Sendable {
    private let value = Atomic(0)
    func add() { value.wrappingAdd(1, ordering: .relaxed) }
    var now: Int { value.load(ordering: .relaxed) }
  }

  private static let failure = GRPCError(.aborted, "over")

  /// What a reader got, in a form that can be compared.
  private func next(_ inbox: Inbox) async -> Inbox.Next {
    do {
      return .success(try await inbox.next())
    } catch {
      return .failure(error)
    }
  }

  @Test func keepsOrderThenEnds() async throws {
    let inbox = Inbox {}
    for value in 0..<10 as Range<UInt8> { inbox.push([value]) }
    #expect(inbox.unreadBytes == 10)
    inbox.finish()
    inbox.push([99])
    for value in 0..<10 as Range<UInt8> { #expect(try await inbox.next() == [value]) }
    #expect(inbox.unreadBytes == 0)
    #expect(try await inbox.next() == nil)
    #expect(try await inbox.next() == nil)
  }

  @Test func tellsEachTimeItWasEmptiedUntilTheEnd() async throws {
    let count = Count()
    let inbox = Inbox { count.add() }
    inbox.push([1])
    inbox.push([2])
    _ = try await inbox.next()
    #expect(count.now == 0)
    _ = try await inbox.next()
    #expect(count.now == 1)
    inbox.push([3])
    inbox.finish()
    _ = try await inbox.next()
    #expect(count.now == 1)
  }

  @Test func aFailureComesAfterTheMessages() async throws {
    let inbox = Inbox {}
    inbox.push([1])
    inbox.finish(Self.failure)
    #expect(try await inbox.next() == [1])
    #expect(await next(inbox) == .failure(Self.failure))
  }

  @Test func aFailureMayDiscardTheMessages() async {
    let inbox = Inbox {}
    inbox.push([1])
    inbox.finish(Self.failure, discardingUnread: true)
    #expect(inbox.isEmpty)
    #expect(inbox.unreadBytes == 0)
    #expect(await next(inbox) == .failure(Self.failure))
  }

  @Test func aFailureReplacesACleanEndButNotTheReverse() async {
    let inbox = Inbox {}
    inbox.finish()
    inbox.finish(Self.failure)
    inbox.finish()
    #expect(await next(inbox) == .failure(Self.failure))
  }

  /// Runs `action` once a reader waits, and gives what it got.
  private func waiting(_ inbox: Inbox, _ action: () -> Void) async -> Inbox.Next {
    async let result = next(inbox)
    while !inbox.hasReader { await Task.yield() }
    action()
    return await result
  }

  @Test func aWaitingReaderGetsMessageEndOrFailure() async {
    let inbox = Inbox {}
    #expect(await waiting(inbox) { inbox.push([1]) } == .success([1]))
    #expect(inbox.isEmpty)
    #expect(await waiting(inbox) { inbox.finish() } == .success(nil))
    let other = Inbox {}
    #expect(await waiting(other) { other.finish(Self.failure) } == .failure(Self.failure))
  }

  @Test func aSecondReaderIsRefusedAndTheFirstKeepsWaiting() async {
    let inbox = Inbox {}
    async let first = next(inbox)
    while !inbox.hasReader { await Task.yield() }
    guard case .failure(let error) = await next(inbox) else {
      Issue.record("two readers")
      return
    }
    #expect(error.code == .internal)
    inbox.push([5])
    #expect(await first == .success([5]))
  }

  @Test func cancellingAWaitingReaderEndsItsWait() async {
    let inbox = Inbox {}
    let reader = Task { await next(inbox) }
    while !inbox.hasReader { await Task.yield() }
    reader.cancel()
    #expect(await reader.value == .failure(.taskCancelled))
    // What had come is not lost to a reader that still asks.
    inbox.push([1])
    #expect(await next(inbox) == .success([1]))
    #expect(await next(inbox) == .failure(.taskCancelled))
  }

  @Test func aCancelledTaskDoesNotStartToWait() async {
    let inbox = Inbox {}
    let reader = Task {
      while !Task.isCancelled { await Task.yield() }
      return await next(inbox)
    }
    reader.cancel()
    #expect(await reader.value == .failure(.taskCancelled))
  }

  /// Every message arrives once, whatever runs at the same time.
  @Test func readerAndWriterRace() async throws {
    for _ in 0..<200 {
      let inbox = Inbox {}
      async let sum = { () async throws -> Int in
        var sum = 0
        while let message = try await inbox.next() { sum += Int(message.payload[0]) }
        return sum
      }()
      for value in 0..<50 as Range<UInt8> { inbox.push([value]) }
      inbox.finish()
      #expect(try await sum == 1_225)
    }
  }

  /// Push, end and cancellation at the same time: the reader goes on exactly once (a second resume would trap).
  @Test func endAndCancellationRace() async {
    for _ in 0..<500 {
      let inbox = Inbox {}
      let reader = Task { await next(inbox) }
      async let pushed: Void = inbox.push([1])
      async let ended: Void = inbox.finish(Self.failure)
      reader.cancel()
      _ = await (pushed, ended)
      let result = await reader.value
      #expect([.success([1]), .failure(Self.failure), .failure(.taskCancelled)].contains(result))
    }
  }
}

@Suite(.timeLimit(.minutes(1)))
struct SignalTests {
  @Test func firesForThoseWhoWaitAndThoseWhoCome() async {
    let signal = Signal()
    await withDiscardingTaskGroup { group in
      for _ in 0..<20 { group.addTask { await signal.wait() } }
      group.addTask { signal.fire() }
    }
    signal.fire()
    await signal.wait()
  }

  @Test func cancellationEndsTheWait() async {
    let signal = Signal()
    let waiter = Task { await signal.wait() }
    waiter.cancel()
    await waiter.value
    await signal.wait()
  }
}

struct HeldBytesTests {
  @Test func countsAgainstTheLimit() {
    let held = HeldBytes(limit: 10)
    #expect(held.add(10))
    #expect(!held.add(1))
    #expect(held.count == 11)
    held.remove(1)
    #expect(held.count == 10)
    held.remove(10)
    #expect(held.add(10))
  }
}
