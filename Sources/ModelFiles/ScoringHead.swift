import Foundation

/// What turns a pair's hidden states into one number. A model that has one is a reranker: it scores
/// a passage against a query, and gives no vectors.
public struct ScoringHead: Sendable, Equatable {
  /// Where the head's two linear maps are; both kinds compute W₂·tanh(W₁·h + b₁) + b₂, h being the
  /// hidden state (H) of the first token.
  public enum Kind: String, Sendable, Equatable {
    /// RoBERTa and XLM-R: `classifier.dense` (H → H), `classifier.out_proj` (H → 1).
    case classifier
    /// BERT: `pooler.dense` (H → H) of the body, `classifier` (H → 1).
    case pooler
  }

  /// What the model's makers put on top of the logit.
  public enum Activation: String, Sendable, Equatable {
    case identity
    /// 1 / (1 + e⁻ˣ)
    case sigmoid

    /// The score of a logit.
    public func callAsFunction(_ logit: Float) -> Float {
      switch self {
      case .identity: logit
      case .sigmoid: Float(1 / (1 + exp(-Double(logit))))
      }
    }
  }

  public var kind: Kind
  public var activation: Activation

  public init(kind: Kind, activation: Activation) {
    self.kind = kind
    self.activation = activation
  }
}

/// The tensors of a scoring head; weights are (out, in), row-major: y = x·Wᵀ + b.
public struct HeadTensors: Sendable {
  /// (H, H)
  public let denseWeight: TensorView
  /// (H)
  public let denseBias: TensorView
  /// (1, H)
  public let scoreWeight: TensorView
  /// (1)
  public let scoreBias: TensorView

  /// Finds the head's tensors and checks their shapes.
  init(
    weights: WeightFiles, body: BodyConfiguration, kind: ScoringHead.Kind
  ) throws(ModelFilesError) {
    let hidden = body.hiddenSize
    let dense: String
    let score: String
    switch kind {
    case .classifier:
      dense = "classifier.dense"
      score = "classifier.out_proj"
    case .pooler:
      dense = try BodyReader.prefix(in: weights) + "pooler.dense"
      score = "classifier"
    }
    denseWeight = try weights.tensor(dense + ".weight", shape: [hidden, hidden])
    denseBias = try weights.tensor(dense + ".bias", shape: [hidden])
    scoreWeight = try weights.tensor(score + ".weight", shape: [1, hidden])
    scoreBias = try weights.tensor(score + ".bias", shape: [1])
  }
}
