import EmbeddingEngine
import ModelFiles
import Service
import Tokenization

extension Duri_V1_EmbedResponse {
  public init(_ reply: EmbedReply, model: String) {
    self.init()
    self.model = model
    timings = Duri_V1_Timings(stages: reply.stages, total: reply.total)
    items = reply.outcomes.enumerated().map { index, outcome in
      var item = Duri_V1_EmbedItem()
      item.index = UInt32(clamping: index)
      item.status = Duri_V1_ItemStatus(outcome)
      if case .success(let embedded) = outcome {
        item.embedding = Duri_V1_Embedding(embedded.vector)
        item.receipt = Duri_V1_Receipt(embedded.receipt)
      }
      return item
    }
  }
}

extension Duri_V1_StreamItem {
  /// - Parameter index: position among all texts of the stream, from 0.
  public init(id: String, index: UInt64, outcome: EmbeddingService.Outcome) {
    self.init()
    self.id = id
    self.index = index
    status = Duri_V1_ItemStatus(outcome)
    if case .success(let embedded) = outcome {
      embedding = Duri_V1_Embedding(embedded.vector)
      receipt = Duri_V1_Receipt(embedded.receipt)
    }
  }
}

extension Duri_V1_ItemStatus {
  init(_ outcome: EmbeddingService.Outcome) {
    self.init()
    if case .failure(let error) = outcome { self = Duri_V1_ItemStatus(error) }
  }

  /// nil is success.
  init(_ error: ServiceError?) {
    self.init()
    guard let error else { return }
    code = UInt32(error.code.rawValue)
    message = error.message
  }
}

extension Duri_V1_Embedding {
  init(_ vector: EncodedVector) {
    self.init()
    dimension = UInt32(clamping: vector.dimension)
    switch vector.storage {
    case .float32(let components):
      encoding = .float32
      values = components
    case .float16(let bytes):
      encoding = .float16
      data = .init(bytes)
    case .int8(let bytes, let scale):
      encoding = .int8
      data = .init(bytes)
      self.scale = scale
    case .binary(let bytes):
      encoding = .binary
      data = .init(bytes)
    }
  }
}

extension Duri_V1_Receipt {
  public init(_ receipt: Receipt) {
    self.init()
    tokens = UInt32(clamping: receipt.tokens)
    tokensUsed = UInt32(clamping: receipt.tokensUsed)
    truncated = receipt.truncated
    keptBegin = UInt32(clamping: receipt.kept.lowerBound)
    keptEnd = UInt32(clamping: receipt.kept.upperBound)
    normalizationChanged = receipt.normalizationChanged
    unknownPieces = UInt32(clamping: receipt.unknownPieces)
    prefix = receipt.prefix
    prefixAlreadyPresent = receipt.prefixAlreadyPresent
  }
}

extension Duri_V1_Timings {
  init(stages: StageTimings, total: Duration) {
    self.init()
    totalNs = total.nanoseconds
    tokenizationNs = stages.tokenization.nanoseconds
    queueNs = stages.queue.nanoseconds
    inferenceNs = stages.inference.nanoseconds
  }
}

extension Duration {
  /// Whole nanoseconds; negative durations count as 0, those beyond 584 years as the largest number.
  var nanoseconds: UInt64 {
    let (seconds, attoseconds) = components
    guard seconds >= 0, attoseconds >= 0 else { return 0 }
    let (product, tooLong) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
    let (sum, overflow) = product.addingReportingOverflow(UInt64(attoseconds / 1_000_000_000))
    return tooLong || overflow ? .max : sum
  }
}
