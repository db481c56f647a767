import Dispatch
import Encoder
import ModelFiles
import Synchronization
import Tokenization

@testable import EmbeddingEngine

/// One token per byte: id = 10 + byte, framed by 0 and 2.
struct ByteTokenizer: Tokenizer {
  let specialTokens = SpecialTokens(begin: 0, pad: 1, end: 2, unknown: 3, mask: nil)
  let vocabularySize = 266

  func pieces(of text: String) throws(TokenizationError) -> Pieces {
    if text.contains("?") {
      throw TokenizationError(code: .internalFailure, message: "stub refuses the text")
    }
    let ids = text.utf8.map { Int32($0) + 10 }
    return Pieces(
      ids: ids, ranges: ids.indices.map { $0..<$0 + 1 }, unknownCount: 0,
      normalizationChanged: false)
  }

  func pieceText(_ id: Int32) -> String? { nil }
}

/// Vectors that depend on the text's own ids only. A text with "!" makes its block fail, one with
/// "~" gives NaN.
struct StubEncoder: BlockEncoder {
  static let components = 6
  let dimension = StubEncoder.components
  let maximumTokens: Int
  let gate: Gate?
  let log = BlockLog()

  init(maximumTokens: Int = 64, gate: Gate? = nil) {
    self.maximumTokens = maximumTokens
    self.gate = gate
  }

  final class Workspace {
    let tokens: Int
    init(tokens: Int) { self.tokens = tokens }
  }

  func makeWorkspace(tokens: Int) -> Workspace { Workspace(tokens: tokens) }

  func encode(
    _ block: Block, using workspace: Workspace, into output: UnsafeMutableBufferPointer<Float>
  ) throws(EncoderError) {
    log.add(block)
    gate?.pass()
    guard block.tokenCount <= workspace.tokens, block.textCount * dimension <= output.count else {
      throw EncoderError(code: .invalidBlock, message: "block larger than the buffers")
    }
    if block.ids.contains(10 + Int32(UInt8(ascii: "!"))) {
      throw EncoderError(code: .invalidBlock, message: "stub fails the block")
    }
    for text in 0..<block.textCount {
      let vector = Self.vector(block.ids[block.starts[text]..<block.starts[text + 1]])
      for (component, value) in vector.enumerated() {
        output[text * dimension + component] = value
      }
    }
  }

  static func vector(_ ids: some Sequence<Int32>) -> [Float] {
    let ids = Array(ids)
    let isBroken = ids.contains(10 + Int32(UInt8(ascii: "~")))
    return (0..<components).map { component in
      if isBroken, component == 1 { return .nan }
      var sum = 1
      for (position, id) in ids.enumerated() {
        sum = (sum * 31 + Int(id) * (component + 1) + position) % 10_007
      }
      return Float(sum) / 10_007 - 0.5
    }
  }

  /// What the engine must deliver for a text that fits.
  static func expected(_ text: String, normalize: Bool = true, dimensions: Int? = nil) -> [Float] {
    var values = vector([0] + text.utf8.map { Int32($0) + 10 } + [2])
    values.removeLast(components - (dimensions ?? components))
    if normalize {
      values.withUnsafeMutableBufferPointer { VectorMath.normalize($0) }
    }
    return values
  }
}

/// Texts of each block, in the order the blocks were computed.
final class BlockLog: Sendable {
  private let state = Mutex<(blocks: [[Int]], texts: [String])>(([], []))

  func add(_ block: Block) {
    let lengths = (0..<block.textCount).map { block.starts[$0 + 1] - block.starts[$0] }
    let texts = (0..<block.textCount).map { text in
      let ids = block.ids[block.starts[text] + 1..<block.starts[text + 1] - 1]
      return String(decoding: ids.map { UInt8(truncatingIfNeeded: $0 - 10) }, as: UTF8.self)
    }
    state.withLock {
      $0.blocks.append(lengths)
      $0.texts += texts
    }
  }

  /// Token counts of each block's texts.
  var blocks: [[Int]] { state.withLock { $0.blocks } }
  var texts: [String] { state.withLock { $0.texts } }
}

/// Holds workers inside the encoder until the test lets them on.
final class Gate: Sendable {
  private let permits = DispatchSemaphore(value: 0)
  private let inside = Atomic<Int>(0)

  /// Called by the encoder.
  func pass() {
    inside.add(1, ordering: .sequentiallyConsistent)
    permits.wait()
    inside.subtract(1, ordering: .sequentiallyConsistent)
  }

  func open(_ blocks: Int = 1) {
    for _ in 0..<blocks { permits.signal() }
  }

  /// Workers held.
  var held: Int { inside.load(ordering: .sequentiallyConsistent) }
}

/// A clock that moves only when told.
final class ManualClock: Sendable {
  private let time = Mutex(ContinuousClock.now)

  var now: ContinuousClock.Instant { time.withLock { $0 } }
  func advance(_ duration: Duration) { time.withLock { $0 += duration } }
}

/// Everything delivered, by index.
final class Deliveries: Sendable {
  private let results = Mutex<[Int: [Result<Embedded, EngineError>]]>([:])

  @Sendable func deliver(_ index: Int, _ result: Result<Embedded, EngineError>) {
    results.withLock { $0[index, default: []].append(result) }
  }

  var all: [Int: [Result<Embedded, EngineError>]] { results.withLock { $0 } }
  var count: Int { all.values.reduce(0) { $0 + $1.count } }

  /// The code of one index's error, if it was delivered once and is one.
  func code(_ index: Int) -> EngineError.Code? {
    guard let results = all[index], results.count == 1, case .failure(let error) = results[0]
    else { return nil }
    return error.code
  }

  /// The vector of one index, if it was delivered once and is one.
  func vector(_ index: Int) -> [Float]? {
    guard let results = all[index], results.count == 1 else { return nil }
    return (try? results[0].get())?.vector
  }
}

/// Gives way until `condition` holds; the suite's time limit ends a wait that is in vain.
func until(_ condition: () -> Bool) async {
  while !condition(), !Task.isCancelled { await Task.yield() }
}

/// The same numbers on every run.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    // SplitMix64 (Steele, Lea, Flood 2014).
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

extension ModelContract {
  static let stub = ModelContract(
    name: "stub",
    body: BodyConfiguration(
      architecture: .xlmRoberta, hiddenSize: 6, layerCount: 1, headCount: 1, intermediateSize: 6,
      vocabularySize: 266, positionRows: 514, tokenTypeRows: 1, layerNormEpsilon: 1e-5,
      activation: .gelu, firstPosition: 2),
    dimension: StubEncoder.components, maximumTokens: 512, pooling: .mean, normalizes: true,
    denseModules: [], prompts: .none, provenance: [])
}

/// An engine over the stubs, one worker unless told otherwise.
func stubEngine(
  _ encoder: StubEncoder = StubEncoder(), clock: ManualClock? = nil,
  configure: (inout EngineConfiguration) -> Void = { _ in }
) -> EmbeddingEngine<StubEncoder> {
  var configuration = EngineConfiguration(workers: 1, tokenizerThreads: 1)
  configure(&configuration)
  return EmbeddingEngine(
    contract: .stub, precision: .f32, tokenizer: ByteTokenizer(), encoder: encoder,
    configuration: configuration,
    now: { clock?.now ?? ContinuousClock.now })
}

func inputs(_ texts: [String]) -> [EmbedInput] { texts.map { EmbedInput(text: $0) } }
