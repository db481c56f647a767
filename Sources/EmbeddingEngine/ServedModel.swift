import Encoder
import ModelFiles

/// What happens to a call that finds the queue full.
public enum Admission: Sendable, Equatable {
  /// It fails at once with ``EngineError/Code/overloaded``: unary calls.
  case immediate
  /// It suspends until there is room, in order of arrival: streams.
  case waiting
}

/// A model with threads and a queue of its own.
public protocol ServedModel: Sendable {
  var contract: ModelContract { get }
  var precision: Precision { get }
  /// How close a faster precision is to f32 for this model, where that was measured to choose it.
  var agreement: PrecisionAgreement? { get }
  /// Queue and counters as of now.
  var load: EngineLoad { get }
}

extension ServedModel {
  public var agreement: PrecisionAgreement? { nil }
}
