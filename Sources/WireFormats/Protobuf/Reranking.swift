import Service
import Tokenization

extension RerankSettings {
  /// - Throws: `invalidArgument` naming the field for an enum value this version does not know.
  public init(_ request: Duri_V1_RerankRequest) throws(ServiceError) {
    self.init(
      model: request.model, rawScores: request.rawScores,
      truncation: try Truncation(request.truncate), top: request.top == 0 ? nil : Int(request.top))
  }
}

extension Duri_V1_RerankResponse {
  public init(_ reply: RerankReply, model: String) {
    self.init()
    self.model = model
    timings = Duri_V1_Timings(stages: reply.stages, total: reply.total)
    items = reply.items.map { item in
      var result = Duri_V1_RerankItem()
      result.index = UInt32(clamping: item.index)
      switch item.outcome {
      case .success(let passage):
        result.status = Duri_V1_ItemStatus(nil)
        result.score = passage.score
        result.receipt = Duri_V1_Receipt(passage.receipt)
      case .failure(let error):
        result.status = Duri_V1_ItemStatus(error)
      }
      return result
    }
  }
}
