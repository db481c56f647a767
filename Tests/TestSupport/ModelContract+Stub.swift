import ModelFiles

extension ModelContract {
  /// A contract no folder stands behind; every argument's default is what most tests want.
  public static func stub(
    name: String = "stub", dimension: Int = 8, maximumTokens: Int = 512,
    pooling: Pooling = .mean, normalizes: Bool = true, prompts: Prompts = .none,
    head: ScoringHead? = nil, provenance: [String] = []
  ) -> ModelContract {
    ModelContract(
      name: name,
      body: BodyConfiguration(
        architecture: .xlmRoberta, hiddenSize: dimension, layerCount: 3, headCount: 2,
        intermediateSize: 4 * dimension, vocabularySize: 266, positionRows: maximumTokens + 2,
        tokenTypeRows: 1, layerNormEpsilon: 1e-5, activation: .gelu, firstPosition: 2),
      dimension: dimension, maximumTokens: maximumTokens, pooling: pooling,
      normalizes: normalizes, denseModules: [], prompts: prompts, head: head,
      provenance: provenance)
  }
}
