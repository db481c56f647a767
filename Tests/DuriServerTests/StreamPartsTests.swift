import Testing
import WireFormats

@testable import DuriServer

@Suite struct StreamWindowTests {
  @Test func permitsComeBackInTheOrderOfNeed() async throws {
    let window = StreamWindow(capacity: 10)
    try await window.acquire(8)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await window.acquire(5) }
      window.release(1)
      window.release(2)
      try await group.waitForAll()
    }
    // 8 - 3 + 5 = 10 are taken now: one more must wait until cancelled.
    await #expect(throws: CancellationError.self) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await window.acquire(1) }
        group.cancelAll()
        try await group.waitForAll()
      }
    }
  }

  @Test func moreThanTheCapacityIsTheCapacity() async throws {
    let window = StreamWindow(capacity: 4)
    try await window.acquire(100)
    window.release(4)
    try await window.acquire(4)
  }
}

@Suite struct StreamResultsTests {
  private func item(_ index: UInt64) -> Duri_V1_StreamItem {
    var item = Duri_V1_StreamItem()
    item.index = index
    return item
  }

  @Test func orderedResultsWaitForTheirPredecessors() async throws {
    let results = StreamResults(ordered: true)
    results.add(item(2), weight: 1)
    results.add(item(0), weight: 2)
    let first = try #require(try await results.next())
    #expect(first.items.map(\.index) == [0])
    #expect(first.weight == 2)
    results.add(item(1), weight: 3)
    let rest = try #require(try await results.next())
    #expect(rest.items.map(\.index) == [1, 2])
    #expect(rest.weight == 4)
    results.finish()
    #expect(try await results.next() == nil)
  }

  @Test func oneMessageNeverGrowsWithoutBound() async throws {
    let results = StreamResults(ordered: false)
    for index in 0..<1_000 { results.add(item(UInt64(index)), weight: 1) }
    results.finish()
    var sizes: [Int] = []
    while let batch = try await results.next() { sizes.append(batch.items.count) }
    #expect(sizes == [256, 256, 256, 232])
  }

  @Test func aCancelledReaderIsReleased() async throws {
    let results = StreamResults(ordered: false)
    await #expect(throws: CancellationError.self) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { _ = try await results.next() }
        group.cancelAll()
        try await group.waitForAll()
      }
    }
  }
}
