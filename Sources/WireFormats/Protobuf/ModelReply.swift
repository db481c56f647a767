import EmbeddingEngine
import ModelFiles
import Service

extension Duri_V1_GetModelResponse {
  public init(_ model: some ServedModel, limits: ServiceLimits, version: String) {
    self.init()
    contract = Duri_V1_ModelContract(model.contract)
    precision = model.precision.rawValue
    if let measured = model.agreement {
      agreement.precision = measured.precision.rawValue
      agreement.texts = UInt32(clamping: measured.texts)
      agreement.tokens = UInt32(clamping: measured.tokens)
      agreement.meanCosine = measured.meanCosine
      agreement.worstCosine = measured.worstCosine
    }
    self.version = version
    self.limits.maximumTexts = UInt32(clamping: limits.maximumTexts)
    self.limits.maximumTextBytes = UInt32(clamping: limits.maximumTextBytes)
    self.limits.maximumMessageBytes = UInt32(clamping: limits.maximumMessageBytes)
    self.limits.streamWindow = UInt32(clamping: limits.streamWindow)
    self.limits.maximumStreamTexts = UInt32(clamping: limits.maximumStreamTexts)
  }
}

extension Duri_V1_ModelContract {
  init(_ contract: ModelContract) {
    self.init()
    name = contract.name
    architecture = contract.body.architecture.rawValue
    dimension = UInt32(clamping: contract.dimension)
    maximumTokens = UInt32(clamping: contract.maximumTokens)
    pooling = contract.pooling.rawValue
    normalizes = contract.normalizes
    prompts = Duri_V1_Prompts(contract.prompts)
    layers = UInt32(clamping: contract.body.layerCount)
    hiddenSize = UInt32(clamping: contract.body.hiddenSize)
    heads = UInt32(clamping: contract.body.headCount)
    vocabularySize = UInt32(clamping: contract.body.vocabularySize)
    provenance = contract.provenance
  }
}

extension Duri_V1_Prompts {
  init(_ prompts: Prompts) {
    self.init()
    query = prompts.query
    passage = prompts.passage
    symmetric = prompts.symmetric
    if let template = prompts.instruct {
      instruct.opening = template.opening
      instruct.closing = template.closing
      instruct.defaultTask = template.defaultTask
      instruct.symmetricTask = template.symmetricTask
    }
  }
}
