import Foundation
import ModelFiles
import Synchronization
import Testing

@testable import Encoder

@Suite(.timeLimit(.minutes(2))) struct TeamTests {
  /// Runs `lead` with a team whose helpers are threads of their own, and ends them.
  private func withHelpers(
    _ size: Int, present: Int? = nil, _ lead: (Team) throws -> Void
  ) rethrows {
    let team = Team(size: size)
    let ended = DispatchGroup()
    for member in 1..<max(1, present ?? size) {
      ended.enter()
      Thread {
        team.assist(member)
        ended.leave()
      }.start()
    }
    defer {
      team.finish()
      ended.wait()
    }
    try lead(team)
  }

  @Test(arguments: [1, 2, 3, 4])
  func everyPieceIsComputedOnce(size: Int) {
    let counts = (0..<200).map { _ in Atomic64() }
    let members = (0..<size).map { _ in Atomic64() }
    withHelpers(size) { team in
      for phase in 1...2000 {
        let pieces = phase % 200 + 1
        team.run(pieces) { piece, member in
          // No member is at two pieces at a time.
          #expect(members[member].value.add(1, ordering: .relaxed).newValue == 1)
          counts[piece].value.add(1, ordering: .relaxed)
          members[member].value.subtract(1, ordering: .relaxed)
        }
        // Whatever was computed is seen by the leader when the phase is over.
        #expect(counts[..<pieces].allSatisfy { $0.value.load(ordering: .relaxed) == 1 })
        for count in counts[..<pieces] { count.value.store(0, ordering: .relaxed) }
        #expect(counts.allSatisfy { $0.value.load(ordering: .relaxed) == 0 })
      }
    }
  }

  @Test func nobodyWaitsForHelpersThatDoNotCome() {
    let done = Atomic64()
    withHelpers(4, present: 1) { team in
      for _ in 0..<100 { team.run(50) { _, _ in done.value.add(1, ordering: .relaxed) } }
    }
    #expect(done.value.load(ordering: .relaxed) == 5000)
  }

  @Test func aHelperWithoutWorkLeavesByItself() {
    let team = Team(size: 2)
    team.assist(1)
    team.assist(0)
    team.assist(2)
    #expect(team.size == 2)
  }

  @Test func emptyPhasesAndSizes() {
    withHelpers(2) { team in team.run(0) { _, _ in Issue.record("there is no piece") } }
    #expect(Team(size: -3).size == 1)
  }

  /// The same text gives the same bits for every team, in short blocks (shared by outputs) and long
  /// ones (shared by rows).
  @Test(arguments: Precision.allCases)
  func sameBitsForEveryTeam(precision: Precision) throws {
    for name in ["bert-f32", "xlm-roberta-f32", "bert-dense"] {
      for kernels in availableKernels where kernels.name != "generic" || precision != .f32 {
        let encoder = try TransformerEncoder(
          ModelFolder.open(path: tinyFolder(name)), precision: precision, kernels: kernels)
        var numbers = Numbers(seed: 9)
        let longest = min(encoder.maximumTokens, 300)
        let vocabulary = name == "bert-dense" ? 29 : 101
        let blocks = [[1], [2, 5], [16], [longest], [7, longest, 1, longest], Array(1...20)].map {
          $0.map { numbers.ids($0, vocabulary: vocabulary) }
        }
        let workspace = encoder.makeWorkspace(tokens: 1000)
        let expected = try blocks.map { try vectors($0, encoder, workspace) }
        for size in [1, 2, 3, 4] {
          for (block, reference) in zip(blocks, expected) {
            // One team a block, as the engine does it.
            try withHelpers(size) { team in
              for _ in 0..<3 {
                let found = try vectors(block, encoder, workspace, team: team)
                #expect(
                  zip(found, reference).allSatisfy { sameBits($0, $1) },
                  "\(name) \(encoder.kernelsName), team of \(size), \(block.map(\.count)) tokens")
              }
            }
          }
        }
      }
    }
  }
}

/// A counter that can stand in an array.
private final class Atomic64: Sendable {
  let value = Atomic<Int>(0)
}
