import Foundation
import Synchronization
import Testing

@testable import Retrieval

@Suite struct MiningCancellationTests {
  private let requested: MiningCancellation = {
    let cancellation = MiningCancellation()
    cancellation.request()
    return cancellation
  }()

  @Test func whatIsCancelledBeforeItBeginsFindsNothing() {
    let table = VectorTable(groupedRows(2_000, dimension: 16, groups: 6, spread: 0.05))
    #expect(
      mineParaphrases(
        table, limit: 10, neighbours: 5, minimumScore: -1, cancellation: requested
      ).isEmpty)
    #expect(
      detectCommunities(table, threshold: 0.5, minimumSize: 2, cancellation: requested).isEmpty)
    let clusters = kMeans(table, clusters: 6, seed: 1, cancellation: requested)
    #expect(clusters.groups.flatMap { $0 }.count == 2_000)
    #expect(
      PrincipalProjection(table, cancellation: requested).points.allSatisfy { $0.x == 0 && $0.y == 0 })
  }

  @Test func blocksThatWereNotBegunAreLeftOut() {
    let blocks = 4 * ProcessInfo.processInfo.activeProcessorCount
    let rows = UnitRows(
      VectorTable(groupedRows(blocks * RowProducts.leftRows, dimension: 16, groups: 6, spread: 0.05)))
    let cancellation = MiningCancellation()
    let reached = Atomic<Int>(0)
    forEachNearest(
      RowProducts(rows, rows), limit: 3, cancellation: cancellation, above: { -.infinity }
    ) { _, _ in
      cancellation.request()
      reached.add(1, ordering: .relaxed)
    }
    // Every thread may finish the block it was at.
    let most = ProcessInfo.processInfo.activeProcessorCount * RowProducts.leftRows
    #expect((1...most).contains(reached.load(ordering: .relaxed)))
  }
}
