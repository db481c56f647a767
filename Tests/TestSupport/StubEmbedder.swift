import EmbeddingEngine
import Encoder
import ModelFiles
import Synchronization
import Tokenization

/// An ``Embedder`` without a model: vectors follow from the text alone, and the test decides what
/// fails and when work goes on. One token stands for one byte of prefix and text, plus two special
/// tokens.
public final class StubEmbedder: Embedder {
  /// What a test may change, at any time.
  public struct Behaviour: Sendable {
    /// Thrown for every call as a whole.
    public var refusal: EngineError?
    /// The error of a single text; nil embeds it.
    public var failure: @Sendable (EmbedInput) -> EngineError?
    /// Passed once per text before it is delivered; nil never waits.
    public var gate: Gate?
    /// Deliver the last text first.
    public var deliversBackwards = false
    /// Returned by every call.
    public var timings: StageTimings

    public init(
      refusal: EngineError? = nil,
      failure: @escaping @Sendable (EmbedInput) -> EngineError? = { _ in nil },
      gate: Gate? = nil, deliversBackwards: Bool = false, timings: StageTimings = .zero
    ) {
      self.refusal = refusal
      self.failure = failure
      self.gate = gate
      self.deliversBackwards = deliversBackwards
      self.timings = timings
    }
  }

  /// One call as it arrived.
  public struct Call: Sendable, Equatable {
    public var inputs: [EmbedInput]
    public var deadline: ContinuousClock.Instant?
    public var admission: Admission
  }

  public let contract: ModelContract
  public let precision = Precision.f32
  private let state: Mutex<(behaviour: Behaviour, load: EngineLoad, calls: [Call])>

  public init(contract: ModelContract = .stub(), behaviour: Behaviour = Behaviour()) {
    self.contract = contract
    state = Mutex((behaviour, EngineLoad(), []))
  }

  public var behaviour: Behaviour {
    get { state.withLock { $0.behaviour } }
    set { state.withLock { $0.behaviour = newValue } }
  }

  public var load: EngineLoad {
    get { state.withLock { $0.load } }
    set { state.withLock { $0.load = newValue } }
  }

  /// Every call so far, refused ones included.
  public var calls: [Call] { state.withLock { $0.calls } }

  public func embed(
    _ inputs: [EmbedInput], deadline: ContinuousClock.Instant?, admission: Admission,
    deliver: @escaping @Sendable (Int, Result<Embedded, EngineError>) -> Void
  ) async throws(EngineError) -> StageTimings {
    let behaviour = state.withLock { state in
      state.calls.append(Call(inputs: inputs, deadline: deadline, admission: admission))
      return state.behaviour
    }
    if let refusal = behaviour.refusal { throw refusal }
    let indices = Array(inputs.indices)
    for index in behaviour.deliversBackwards ? indices.reversed() : indices {
      if let drop = await Self.hold(behaviour.gate, until: deadline) {
        deliver(index, .failure(drop))
      } else if let failure = behaviour.failure(inputs[index]) {
        deliver(index, .failure(failure))
      } else {
        deliver(index, embedded(inputs[index]))
      }
    }
    return behaviour.timings
  }

  // MARK: - Time

  /// Waits at the gate; an error if the text must be dropped instead, as the real engine does.
  private static func hold(
    _ gate: Gate?, until deadline: ContinuousClock.Instant?
  ) async -> EngineError? {
    if Task.isCancelled { return .stubCancelled }
    if let deadline, deadline <= .now { return .stubExpired }
    guard let gate else { return nil }
    guard let deadline else { return await gate.pass() ? nil : .stubCancelled }
    return await withTaskGroup(of: EngineError?.self) { group in
      group.addTask { await gate.pass() ? nil : .stubCancelled }
      group.addTask {
        do {
          try await Task.sleep(until: deadline, clock: .continuous)
          return .stubExpired
        } catch {
          return .stubCancelled
        }
      }
      let first = await group.next() ?? nil
      group.cancelAll()
      return first
    }
  }

  // MARK: - Vectors

  private func embedded(_ input: EmbedInput) -> Result<Embedded, EngineError> {
    let alreadyPresent = !input.prefix.isEmpty && input.text.utf8.starts(with: input.prefix.utf8)
    let added = alreadyPresent ? 0 : input.prefix.utf8.count
    let bytes = input.text.utf8.count
    guard bytes > 0 else {
      return .failure(EngineError(code: .invalidText, message: "the text has no tokens"))
    }
    let tokens = added + bytes + 2
    let excess = max(0, tokens - contract.maximumTokens)
    if excess > 0, input.truncation == .error {
      return .failure(
        EngineError(
          code: .textTooLong,
          message: "the text has \(tokens) tokens, at most \(contract.maximumTokens) are allowed"))
    }
    let cut = min(excess, bytes)
    let kept = input.truncation == .start ? cut..<bytes : 0..<(bytes - cut)
    return .success(
      Embedded(
        vector: Self.vector(
          input.text, prefix: alreadyPresent ? "" : input.prefix, components: contract.dimension,
          dimensions: input.dimensions, normalize: input.normalize),
        receipt: Receipt(
          tokens: tokens, tokensUsed: tokens - cut, kept: kept, truncated: cut > 0,
          normalizationChanged: false, unknownPieces: 0, prefix: input.prefix,
          prefixAlreadyPresent: alreadyPresent)))
  }

  /// The vector every stub gives for a text: `components` numbers in -1 ..< 1, cut to `dimensions`,
  /// then scaled to length 1 if asked.
  public static func vector(
    _ text: String, prefix: String = "", components: Int = 8, dimensions: Int? = nil,
    normalize: Bool = true
  ) -> [Float] {
    // FNV-1a (Fowler, Noll, Vo), 64 bits.
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in [prefix.utf8, text.utf8].joined() {
      hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3
    }
    var generator = SeededGenerator(hash)
    var vector = (0..<components).map { _ in Float.random(in: -1..<1, using: &generator) }
    vector.removeLast(max(0, components - (dimensions ?? components)))
    guard normalize else { return vector }
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return vector.map { $0 / length }
  }
}

extension EngineError {
  fileprivate static let stubCancelled = EngineError(
    code: .cancelled, message: "the call was cancelled before the text was computed")
  fileprivate static let stubExpired = EngineError(
    code: .deadlineExceeded, message: "the deadline passed before the text was computed")
}
