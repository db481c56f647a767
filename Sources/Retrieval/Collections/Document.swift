/// A text with a name of its own, as it lies in a collection.
public struct Document: Sendable, Equatable {
  /// Chosen by the client, unique in its collection; 1 to 512 UTF-8 bytes.
  public var id: String
  /// May be empty.
  public var title: String
  public var text: String
  public var metadata: Metadata

  public init(id: String, title: String = "", text: String, metadata: Metadata = [:]) {
    self.id = id
    self.title = title
    self.text = text
    self.metadata = metadata
  }
}

/// A document's properties for filtering: field name to value.
public typealias Metadata = [String: MetadataValue]

/// One property of a document.
public enum MetadataValue: Sendable, Equatable {
  case string(String)
  /// Finite.
  case number(Double)
  case bool(Bool)
  /// Tags, languages and the like.
  case strings([String])
}

/// A document and the vector that stands for it.
public struct EmbeddedDocument: Sendable, Equatable {
  public var document: Document
  /// `dimension` components, of length 1; empty where vectors were not asked for.
  public var vector: [Float]

  public init(document: Document, vector: [Float]) {
    self.document = document
    self.vector = vector
  }
}
