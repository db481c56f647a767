import Foundation
import Synchronization
import Testing

@testable import Retrieval

@Suite struct SearchThreadsTests {
  @Test(arguments: [-3, 1, 2, 9])
  func everyPieceIsComputedOnceByAMember(_ count: Int) {
    let threads = SearchThreads(count: count)
    for pieces in [0, 1, 2, 100, 1000] {
      let seen = Mutex((pieces: [Int](), members: Set<Int>(), last: [Int: Int](), rising: true))
      threads.run(pieces) { piece, member in
        seen.withLock {
          $0.rising = $0.rising && $0.last[member, default: -1] < piece
          $0.last[member] = piece
          $0.pieces.append(piece)
          $0.members.insert(member)
        }
      }
      seen.withLock {
        #expect($0.pieces.sorted() == Array(0..<pieces))
        #expect($0.members.allSatisfy { (0..<threads.count).contains($0) })
        #expect($0.rising)
      }
    }
  }

  /// A helper that is at another search must not be missed: the caller does its work.
  @Test func aCallNeedsNoHelper() {
    let threads = SearchThreads(count: 2)
    let held = DispatchSemaphore(value: 0)
    let begun = DispatchSemaphore(value: 0)
    let other = Thread {
      threads.run(2) { _, _ in
        begun.signal()
        held.wait()
      }
      begun.signal()
    }
    other.start()
    // Both members of the first call are at work: its caller and the one helper.
    begun.wait()
    begun.wait()
    let sum = Mutex(0)
    threads.run(50) { piece, _ in sum.withLock { $0 += piece } }
    #expect(sum.withLock { $0 } == 1225)
    held.signal()
    held.signal()
    begun.wait()
  }

  @Test func manyCallersAtOnce() {
    let threads = SearchThreads(count: 4)
    let sum = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 40) { _ in
      for _ in 0..<50 { threads.run(9) { piece, _ in sum.withLock { $0 += piece } } }
    }
    #expect(sum.withLock { $0 } == 40 * 50 * 36)
  }
}
