import Retrieval
import Service

extension Document {
  /// - Throws: `invalidArgument` for a metadata value of no kind.
  public init(_ document: Duri_V1_Document) throws(ServiceError) {
    self.init(id: document.id, title: document.title, text: document.text)
    for (field, value) in document.metadata {
      switch value.kind {
      case .stringValue(let string): metadata[field] = .string(string)
      case .numberValue(let number): metadata[field] = .number(number)
      case .boolValue(let bool): metadata[field] = .bool(bool)
      case .listValue(let list): metadata[field] = .strings(list.values)
      case nil:
        throw ServiceError(
          .invalidArgument, "a metadata value has no kind; set string, number, bool or list")
      }
    }
  }
}

extension Duri_V1_Document {
  public init(_ document: Document) {
    self.init()
    id = document.id
    title = document.title
    text = document.text
    metadata = document.metadata.mapValues(Duri_V1_MetadataValue.init)
  }
}

extension Duri_V1_MetadataValue {
  init(_ value: MetadataValue) {
    self.init()
    switch value {
    case .string(let string): stringValue = string
    case .number(let number): numberValue = number
    case .bool(let bool): boolValue = bool
    case .strings(let strings): listValue.values = strings
    }
  }
}

extension IncomingDocument {
  public init(_ upsert: Duri_V1_UpsertDocument) throws(ServiceError) {
    self.init(document: try Document(upsert.document))
    if upsert.hasVector { vector = ForeignVector(upsert.vector) }
  }
}

extension ForeignVector {
  public init(_ vector: Duri_V1_DocumentVector) {
    self.init(
      values: vector.values,
      origin: VectorOrigin(
        model: vector.model, fingerprint: vector.fingerprint, prefix: vector.prefix))
  }
}

extension Duri_V1_DocumentVector {
  public init(_ vector: ForeignVector) {
    self.init()
    values = vector.values
    model = vector.origin.model
    fingerprint = vector.origin.fingerprint
    prefix = vector.origin.prefix
  }
}

extension Duri_V1_StoredDocument {
  /// - Parameter contract: the collection's; it names where the vector comes from.
  public init(_ stored: EmbeddedDocument, contract: CollectionContract) {
    self.init()
    document = Duri_V1_Document(stored.document)
    guard !stored.vector.isEmpty else { return }
    vector.values = stored.vector
    vector.model = contract.model
    vector.fingerprint = contract.fingerprint
    vector.prefix = contract.passagePrefix
  }
}
