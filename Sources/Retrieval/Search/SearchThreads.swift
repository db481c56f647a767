import CKernels
import Foundation
import Synchronization

/// Threads for searches, kept as long as the object; several searches may share them at once.
///
/// Whoever searches computes too, and never waits for a thread that has not come: with all of them at
/// another search it does everything alone.
public final class SearchThreads: Sendable {
  /// Most threads that work on one search, the caller included.
  public let count: Int
  private let hall: Hall

  /// - Parameter count: at least 1, and at most 256 are started.
  public init(count: Int) {
    self.count = min(max(count, 1), 256)
    hall = Hall()
    for _ in stride(from: 1, to: self.count, by: 1) {
      let thread = Thread { [hall] in
        Thread.current.name = "duri-search"
        hall.help()
      }
      thread.stackSize = 1 << 20
      thread.start()
    }
  }

  deinit { hall.close() }

  /// Computes `body(piece, member)` for every piece in `0..<pieces`, and returns when all are done.
  /// A member, in `0..<count`, is one thread during this call, and takes pieces in rising order.
  func run(_ pieces: Int, _ body: @escaping (_ piece: Int, _ member: Int) -> Void) {
    guard pieces > 1, count > 1 else {
      for piece in 0..<max(pieces, 0) { body(piece, 0) }
      return
    }
    let job = Job(pieces: pieces, members: min(count, pieces), body: body)
    hall.open(job)
    job.work(member: 0)
    hall.finish(job)
  }
}

/// One call's pieces.
private final class Job: @unchecked Sendable {
  // Safe: `body` is called by members only, and the caller waits for every member; `helpers` is
  // guarded by the hall's lock.

  private let pieces: Int
  private let members: Int
  private let body: (Int, Int) -> Void
  private let next = Atomic<Int>(0)
  /// Helpers that came so far.
  var came = 0
  /// Helpers that left again.
  let left = Atomic<Int>(0)

  init(pieces: Int, members: Int, body: @escaping (Int, Int) -> Void) {
    self.pieces = pieces
    self.members = members
    self.body = body
  }

  var wantsHelp: Bool { came + 1 < members && next.load(ordering: .relaxed) < pieces }

  func work(member: Int) {
    while true {
      let piece = next.wrappingAdd(1, ordering: .relaxed).oldValue
      guard piece < pieces else { return }
      body(piece, member)
    }
  }
}

/// Where jobs wait for helpers, and helpers for jobs.
private final class Hall: @unchecked Sendable {
  // Safe: everything is guarded by `condition`, but for atomics.

  private let condition = NSCondition()
  private var jobs: [Job] = []
  private var isClosed = false
  /// Callers that sleep until the last helper has left their jobs.
  private var sleepers = 0
  /// Jobs that ever were.
  private let opened = Atomic<Int>(0)

  /// Looks at a value that is about to change before going to sleep: some tens of microseconds, as a
  /// search has several steps, and waking a thread takes as long.
  private static let looks = 4000

  func open(_ job: Job) {
    condition.lock()
    jobs.append(job)
    opened.add(1, ordering: .relaxed)
    condition.broadcast()
    condition.unlock()
  }

  /// Takes the job away and waits for those who are still at it.
  func finish(_ job: Job) {
    condition.lock()
    jobs.removeAll { $0 === job }
    let came = job.came
    condition.unlock()
    for _ in 0..<Self.looks where job.left.load(ordering: .acquiring) < came { duri_pause() }
    guard job.left.load(ordering: .acquiring) < came else { return }
    condition.lock()
    sleepers += 1
    while job.left.load(ordering: .acquiring) < came { condition.wait() }
    sleepers -= 1
    condition.unlock()
  }

  func close() {
    condition.lock()
    isClosed = true
    condition.broadcast()
    condition.unlock()
  }

  /// A helper's life.
  func help() {
    condition.lock()
    while !isClosed {
      guard let job = jobs.first(where: \.wantsHelp) else {
        waitForJob()
        continue
      }
      job.came += 1
      let member = job.came
      condition.unlock()
      job.work(member: member)
      condition.lock()
      job.left.add(1, ordering: .releasing)
      if sleepers > 0 { condition.broadcast() }
    }
    condition.unlock()
  }

  /// Called and left with the lock held.
  private func waitForJob() {
    let seen = opened.load(ordering: .relaxed)
    condition.unlock()
    for _ in 0..<Self.looks where opened.load(ordering: .relaxed) == seen { duri_pause() }
    condition.lock()
    if opened.load(ordering: .relaxed) == seen, !isClosed { condition.wait() }
  }
}
