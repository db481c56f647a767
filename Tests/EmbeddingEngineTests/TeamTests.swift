import Encoder
import Synchronization
import Testing

@testable import EmbeddingEngine

@Suite(.timeLimit(.minutes(2))) struct TeamTests {
  private func idleState(workers: Int) -> EngineState {
    var state = EngineState(
      scheduler: .sample(workers: workers), threads: ThreadNumbers(workers: workers, tokenizers: 1))
    state.idleWorkers = Array(0..<workers)
    state.keeperWakes = .now + .seconds(1000)
    return state
  }

  @Test func idleWorkersAreCalledOnce() throws {
    var state = idleState(workers: 3)
    // The asking one is awake.
    state.idleWorkers.removeLast()
    state.computing = 1
    let team = state.recruit(tokens: 16)
    #expect(team.size == 3)
    #expect(state.computing == 3)
    #expect(state.idleWorkers.isEmpty)
    #expect(state.threadsToWake().sorted() == [0, 1])
    #expect(state.threadsToWake().isEmpty)
    var members: Set<Int> = []
    for worker in [0, 1] {
      let taken = state.takePlace(worker)
      let place = try #require(taken)
      #expect(place.team === team)
      members.insert(place.member)
      #expect(state.takePlace(worker) == nil)
    }
    #expect(members == [1, 2])
    #expect(state.takePlace(2) == nil)
    var endings: [Ending] = []
    state.note(.assisted, [], endings: &endings)
    #expect(state.computing == 2)
  }

  @Test func nobodyIsCalledWhileThereIsOtherWork() {
    var state = idleState(workers: 2)
    state.scheduler.submit(1, [10])
    #expect(state.recruit(tokens: 16).size == 1)
    state.scheduler.tokenizeAll()
    #expect(state.recruit(tokens: 16).size == 1)
    #expect(state.idleWorkers == [0, 1])
    _ = state.scheduler.block()
    #expect(state.recruit(tokens: 16).size == 3)
  }

  @Test func shortBlocksCallFew() {
    var state = idleState(workers: 100)
    #expect(state.recruit(tokens: 1).size == 4)
    #expect(state.recruit(tokens: 64).size == 8)
    #expect(state.recruit(tokens: 4096).size == 16)
  }

  /// One text at a time on an engine of several workers: every block has a team.
  @Test func everyBlockOfALoneCallHasATeam() async throws {
    let encoder = TeamLoggingEncoder()
    let engine = EmbeddingEngine(
      contract: .stub, precision: .f32, tokenizer: ByteTokenizer(), encoder: encoder,
      configuration: EngineConfiguration(workers: 3, tokenizerThreads: 0))
    let deliveries = Deliveries()
    for index in 0..<50 {
      _ = try await engine.embed(
        inputs(["text \(index)"]), deadline: nil, admission: .immediate
      ) { deliveries.deliver(index + $0, $1) }
      #expect(deliveries.vector(index) == StubEncoder.expected("text \(index)"))
    }
    #expect(encoder.sizes.withLock { $0.count } == 50)
    #expect(encoder.sizes.withLock { $0.contains { $0 > 1 } })
    #expect(engine.load.admittedTokens == 0)
    await engine.shutdown()
  }
}

/// A stub that notes how large the teams are.
private final class TeamLoggingEncoder: BlockEncoder {
  private let stub = StubEncoder()
  let sizes = Mutex<[Int]>([])
  var dimension: Int { stub.dimension }
  var maximumTokens: Int { stub.maximumTokens }

  func makeWorkspace(tokens: Int) -> StubEncoder.Workspace { stub.makeWorkspace(tokens: tokens) }

  func encode(
    _ block: Block, using workspace: StubEncoder.Workspace,
    into output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError) {
    try stub.encode(block, using: workspace, into: output)
  }

  func encode(
    _ block: Block, using workspace: StubEncoder.Workspace, team: Team,
    into output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError) {
    sizes.withLock { $0.append(team.size) }
    try encode(block, using: workspace, into: output)
  }
}
