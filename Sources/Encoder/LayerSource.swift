import ModelFiles

/// The layers of a model: all made once and kept, or each made when it is its turn.
enum LayerSource: Sendable {
  case kept([any TransformerLayer])
  /// f32 layers that are let go after they were passed, so that a large model in 16 bits needs 32-bit
  /// copies of one layer only.
  case passing([LayerTensors], BodyConfiguration)

  func forEach(_ body: (any TransformerLayer) -> Void) {
    switch self {
    case .kept(let layers):
      for layer in layers { body(layer) }
    case .passing(let layers, let configuration):
      for layer in layers { body(F32Layer(layer, configuration)) }
    }
  }
}
