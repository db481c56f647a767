/// Everything that must be right for a model's vectors, or a reranker's scores, to mean what its
/// makers meant.
public struct ModelContract: Sendable, Equatable {
  /// The name the model is served under: the folder's last component, or the repository's name for
  /// a snapshot folder of a hub cache.
  public var name: String
  public var body: BodyConfiguration
  /// Components of the final vector (after dense modules); 1 for a reranker, whose logit it is.
  public var dimension: Int
  /// Tokens a text may have, special tokens and prefix included.
  public var maximumTokens: Int
  public var pooling: Pooling
  /// Whether vectors are scaled to length 1 (L2).
  public var normalizes: Bool
  /// Applied in order after pooling, before normalisation.
  public var denseModules: [DenseModule]
  public var prompts: Prompts
  /// What scores pairs, if the model is a reranker; an embedder has none.
  public var head: ScoringHead?
  /// Where each decision came from ("pooling: mean, 1_Pooling/config.json", "prompts: E5 family, by
  /// name"), so that an assumption is never silent.
  public var provenance: [String]

  public init(
    name: String, body: BodyConfiguration, dimension: Int, maximumTokens: Int, pooling: Pooling,
    normalizes: Bool, denseModules: [DenseModule], prompts: Prompts, head: ScoringHead? = nil,
    provenance: [String]
  ) {
    self.name = name
    self.body = body
    self.dimension = dimension
    self.maximumTokens = maximumTokens
    self.pooling = pooling
    self.normalizes = normalizes
    self.denseModules = denseModules
    self.prompts = prompts
    self.head = head
    self.provenance = provenance
  }

  /// Whether the model scores pairs of texts instead of giving vectors.
  public var isReranker: Bool { head != nil }
}

/// The transformer's family; it decides positions and tensor names.
public enum Architecture: String, Sendable, Equatable {
  case bert
  /// Computed as XLM-R is.
  case roberta
  case xlmRoberta = "xlm-roberta"
}

/// The feed-forward's non-linearity (`hidden_act`).
public enum Activation: String, Sendable, Equatable {
  /// 0.5·x·(1 + erf(x/√2))
  case gelu
  /// The tanh approximation (`gelu_new`, `gelu_pytorch_tanh`).
  case geluTanh = "gelu_tanh"
  case relu
}

/// How token vectors become one vector.
public enum Pooling: String, Sendable, Equatable, CaseIterable {
  case mean
  case cls
  case max
  case meanSqrtLength = "mean_sqrt_len"
  case lastToken = "last_token"
}

/// Shape of the transformer body.
public struct BodyConfiguration: Sendable, Equatable {
  public var architecture: Architecture
  public var hiddenSize: Int
  public var layerCount: Int
  public var headCount: Int
  public var intermediateSize: Int
  /// Rows of the word embedding table (may exceed the tokenizer's vocabulary).
  public var vocabularySize: Int
  /// Rows of the position table.
  public var positionRows: Int
  /// Rows of the token-type table; row 0 is added to every token but those of a pair's second text
  /// where the tokenizer marks them.
  public var tokenTypeRows: Int
  public var layerNormEpsilon: Float
  public var activation: Activation
  /// Position row of a text's first token: 0 for BERT, padding_idx + 1 (2) for XLM-R.
  public var firstPosition: Int

  /// Tokens the position table can serve: 512 for 514 rows of XLM-R.
  public var usableLength: Int { positionRows - firstPosition }
  public var headSize: Int { hiddenSize / headCount }

  public init(
    architecture: Architecture, hiddenSize: Int, layerCount: Int, headCount: Int,
    intermediateSize: Int, vocabularySize: Int, positionRows: Int, tokenTypeRows: Int,
    layerNormEpsilon: Float, activation: Activation, firstPosition: Int
  ) {
    self.architecture = architecture
    self.hiddenSize = hiddenSize
    self.layerCount = layerCount
    self.headCount = headCount
    self.intermediateSize = intermediateSize
    self.vocabularySize = vocabularySize
    self.positionRows = positionRows
    self.tokenTypeRows = tokenTypeRows
    self.layerNormEpsilon = layerNormEpsilon
    self.activation = activation
    self.firstPosition = firstPosition
  }
}

/// A sentence-transformers `Dense` module: y = f(W·x + b).
public struct DenseModule: Sendable, Equatable {
  public enum Function: String, Sendable, Equatable {
    case identity, tanh
  }
  /// Folder inside the model folder, such as `2_Dense`.
  public var path: String
  public var inputSize: Int
  public var outputSize: Int
  public var hasBias: Bool
  public var function: Function

  public init(path: String, inputSize: Int, outputSize: Int, hasBias: Bool, function: Function) {
    self.path = path
    self.inputSize = inputSize
    self.outputSize = outputSize
    self.hasBias = hasBias
    self.function = function
  }
}
