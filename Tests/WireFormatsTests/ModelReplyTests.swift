import EmbeddingEngine
import Encoder
import ModelFiles
import Service
import TestSupport
import Testing

@testable import WireFormats

private struct StubModel: ServedModel {
  let contract: ModelContract
  let precision = Precision.f32
  let load = EngineLoad()
  var agreement: PrecisionAgreement?
}

@Suite struct ModelReplyTests {
  private func reply(
    _ contract: ModelContract = .stub(), limits: ServiceLimits = ServiceLimits()
  ) -> Duri_V1_GetModelResponse {
    Duri_V1_GetModelResponse(StubModel(contract: contract), limits: limits, version: "1.2.3")
  }

  @Test func theContractIsToldInFull() {
    let contract = ModelContract(
      name: "두리",
      body: BodyConfiguration(
        architecture: .xlmRoberta, hiddenSize: 384, layerCount: 6, headCount: 12,
        intermediateSize: 1536, vocabularySize: 24_001, positionRows: 514, tokenTypeRows: 1,
        layerNormEpsilon: 1e-5, activation: .gelu, firstPosition: 2),
      dimension: 256, maximumTokens: 510, pooling: .meanSqrtLength, normalizes: true,
      denseModules: [], prompts: .e5, provenance: ["pooling: mean", "prompts: declared"])
    let reply = reply(contract)
    #expect(reply.precision == "f32")
    #expect(reply.version == "1.2.3")
    let wire = reply.contract
    #expect(wire.name == "두리")
    #expect(wire.architecture == "xlm-roberta")
    #expect(wire.dimension == 256)
    #expect(wire.maximumTokens == 510)
    #expect(wire.pooling == "mean_sqrt_len")
    #expect(wire.normalizes)
    #expect(wire.layers == 6)
    #expect(wire.hiddenSize == 384)
    #expect(wire.heads == 12)
    #expect(wire.vocabularySize == 24_001)
    #expect(wire.provenance == ["pooling: mean", "prompts: declared"])
    #expect(!self.reply(.stub(normalizes: false)).contract.normalizes)
  }

  @Test func theAgreementIsToldWhereItWasMeasured() {
    #expect(!reply().hasAgreement)
    let wire = Duri_V1_GetModelResponse(
      StubModel(
        contract: .stub(),
        agreement: PrecisionAgreement(
          precision: .int8, texts: 16, tokens: 300, meanCosine: 0.99, worstCosine: 0.97)),
      limits: ServiceLimits(), version: "1"
    ).agreement
    #expect(wire.precision == "int8" && wire.texts == 16 && wire.tokens == 300)
    #expect(wire.meanCosine == 0.99 && wire.worstCosine == 0.97)
  }

  /// The spellings that the .proto file promises.
  @Test func poolingsHaveTheirPublishedNames() {
    let names = Pooling.allCases.map { reply(.stub(pooling: $0)).contract.pooling }
    #expect(names == ["mean", "cls", "max", "mean_sqrt_len", "last_token"])
  }

  @Test func plainPromptsHaveNoTemplate() {
    let wire = reply(.stub(prompts: .e5)).contract.prompts
    #expect(wire.query == "query: ")
    #expect(wire.passage == "passage: ")
    #expect(wire.symmetric == "query: ")
    #expect(!wire.hasInstruct)
    let none = reply(.stub(prompts: .none)).contract
    #expect(none.hasPrompts)
    #expect(none.prompts == Duri_V1_Prompts())
  }

  @Test func instructPromptsTellTheirTemplate() {
    let template = Prompts.InstructTemplate(
      opening: "A: ", closing: "\nB: ", defaultTask: "search", symmetricTask: "compare")
    let wire = reply(
      .stub(prompts: Prompts(query: "", passage: "P", symmetric: "", instruct: template))
    ).contract.prompts
    #expect(wire.hasInstruct)
    #expect(wire.passage == "P")
    #expect(wire.instruct.opening == "A: ")
    #expect(wire.instruct.closing == "\nB: ")
    #expect(wire.instruct.defaultTask == "search")
    #expect(wire.instruct.symmetricTask == "compare")
  }

  @Test func limitsAreToldAndClamped() {
    let wire = reply(
      limits: ServiceLimits(
        maximumTexts: 1, maximumTextBytes: 2, maximumMessageBytes: 3, streamWindow: 4)
    ).limits
    #expect(wire.maximumTexts == 1)
    #expect(wire.maximumTextBytes == 2)
    #expect(wire.maximumMessageBytes == 3)
    #expect(wire.streamWindow == 4)
    let unbounded = reply(
      limits: ServiceLimits(
        maximumTexts: .max, maximumTextBytes: .max, maximumMessageBytes: .max, streamWindow: .max)
    ).limits
    #expect(unbounded.maximumTexts == .max)
    #expect(unbounded.maximumTextBytes == .max)
    #expect(unbounded.maximumMessageBytes == .max)
    #expect(unbounded.streamWindow == .max)
  }
}
