import EmbeddingEngine
import ModelFiles
import Service

extension JSONWriter {
  /// `GetModelResponse`, and beside it the cross-encoder where one is served.
  public mutating func modelReply(
    _ embeddings: EmbeddingService, reranking: RerankingService?, version: String
  ) {
    let limits = embeddings.limits
    object { json in
      json.contract(embeddings.contract)
      json.precision(of: embeddings.embedder)
      json.object("limits") { json in
        json.field("maximum_texts", limits.maximumTexts)
        json.field("maximum_text_bytes", limits.maximumTextBytes)
        json.field("maximum_message_bytes", limits.maximumMessageBytes)
        json.field("stream_window", limits.streamWindow)
        json.field("maximum_stream_texts", limits.maximumStreamTexts)
      }
      json.field("version", version)
      if let reranking {
        json.object("reranker") { json in
          json.contract(reranking.contract)
          json.precision(of: reranking.reranker)
        }
      }
    }
  }

  private mutating func precision(of model: some ServedModel) {
    field("precision", model.precision.rawValue)
    guard let agreement = model.agreement else { return }
    object("agreement") { json in
      json.field("precision", agreement.precision.rawValue)
      json.field("texts", agreement.texts)
      json.field("tokens", agreement.tokens)
      json.field("mean_cosine", Float(agreement.meanCosine))
      json.field("worst_cosine", Float(agreement.worstCosine))
      if let change = agreement.largestScoreChange {
        json.field("largest_score_change", Float(change))
      }
    }
  }

  private mutating func contract(_ contract: ModelContract) {
    object("contract") { json in
      json.field("name", contract.name)
      json.field("architecture", contract.body.architecture.rawValue)
      json.field("dimension", contract.dimension)
      json.field("maximum_tokens", contract.maximumTokens)
      json.field("pooling", contract.pooling.rawValue)
      json.field("normalizes", contract.normalizes)
      json.prompts(contract.prompts)
      json.field("layers", contract.body.layerCount)
      json.field("hidden_size", contract.body.hiddenSize)
      json.field("heads", contract.body.headCount)
      json.field("vocabulary_size", contract.body.vocabularySize)
      json.field("provenance", contract.provenance)
    }
  }

  private mutating func prompts(_ prompts: Prompts) {
    object("prompts") { json in
      json.field("query", prompts.query)
      json.field("passage", prompts.passage)
      json.field("symmetric", prompts.symmetric)
      if let template = prompts.instruct {
        json.object("instruct") { json in
          json.field("opening", template.opening)
          json.field("closing", template.closing)
          json.field("default_task", template.defaultTask)
          json.field("symmetric_task", template.symmetricTask)
        }
      }
    }
  }
}
