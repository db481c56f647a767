import Retrieval
import Service

/// Body of `POST /v1/collections`: `CreateCollectionRequest`.
public struct CollectionBody: Decodable, Sendable {
  public let name: String
  public let demand: ContractDemand?

  private enum Field: String, CodingKey, CaseIterable { case name, contract }

  private struct Contract: Decodable {
    let demand: ContractDemand

    private enum Field: String, CodingKey, CaseIterable {
      case model, fingerprint, dimension
      case passagePrefix = "passage_prefix"
      case queryPrefix = "query_prefix"
    }

    init(from decoder: any Decoder) throws {
      let fields = try StrictFields<Field>(decoder)
      demand = ContractDemand(
        model: try fields.optional(.model), fingerprint: try fields.optional(.fingerprint),
        passagePrefix: try fields.optional(.passagePrefix),
        queryPrefix: try fields.optional(.queryPrefix), dimension: try fields.optional(.dimension))
    }
  }

  public init(from decoder: any Decoder) throws {
    let fields = try StrictFields<Field>(decoder)
    name = try fields.require(.name)
    let contract: Contract? = try fields.optional(.contract)
    demand = contract?.demand
  }
}

extension JSONWriter {
  /// `Collection`.
  public mutating func collection(_ info: CollectionInfo) {
    object { json in
      json.field("name", info.name)
      json.field("count", info.count)
      json.object("contract") { json in
        json.field("model", info.contract.model)
        json.field("fingerprint", info.contract.fingerprint)
        json.field("passage_prefix", info.contract.passagePrefix)
        json.field("query_prefix", info.contract.queryPrefix)
        json.field("dimension", info.contract.dimension)
      }
    }
  }

  /// `ListCollectionsResponse`.
  public mutating func collections(_ all: [CollectionInfo]) {
    object { json in
      json.array("collections", all) { $0.collection($1) }
    }
  }
}
