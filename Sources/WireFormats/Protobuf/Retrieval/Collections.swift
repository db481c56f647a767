import Retrieval
import Service

extension Duri_V1_Collection {
  public init(_ info: CollectionInfo) {
    self.init()
    name = info.name
    count = UInt64(clamping: info.count)
    contract.model = info.contract.model
    contract.fingerprint = info.contract.fingerprint
    contract.passagePrefix = info.contract.passagePrefix
    contract.queryPrefix = info.contract.queryPrefix
    contract.dimension = UInt32(clamping: info.contract.dimension)
  }
}

extension ContractDemand {
  /// Fields left empty are left to the server.
  public init(_ contract: Duri_V1_CollectionContract) {
    func given(_ text: String) -> String? { text.isEmpty ? nil : text }
    self.init(
      model: given(contract.model), fingerprint: given(contract.fingerprint),
      passagePrefix: given(contract.passagePrefix), queryPrefix: given(contract.queryPrefix),
      dimension: contract.dimension == 0 ? nil : Int(contract.dimension))
  }
}

extension Duri_V1_UpsertResponse {
  /// - Parameter offset: documents of the stream before this message.
  public init(_ report: UpsertReport, offset: Int = 0, settled: Int) {
    self.init()
    inserted = UInt64(clamping: report.inserted)
    replaced = UInt64(clamping: report.replaced)
    self.settled = UInt64(clamping: settled)
    truncated = UInt64(clamping: report.truncated)
    failures = report.failures.map { failure in
      var item = Duri_V1_UpsertFailure()
      item.index = UInt64(clamping: offset + failure.index)
      item.id = failure.id
      item.status = Duri_V1_ItemStatus(failure.error)
      return item
    }
  }
}
