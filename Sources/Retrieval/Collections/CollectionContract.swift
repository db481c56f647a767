/// What all vectors of a collection have in common; vectors made otherwise are refused.
public struct CollectionContract: Sendable, Equatable, Codable {
  /// Name of the model.
  public var model: String
  /// Tells two models of one name apart: a digest over the model's files.
  public var fingerprint: String
  /// Prefix of the documents, such as "passage: ".
  public var passagePrefix: String
  /// Prefix of the questions, such as "query: ".
  public var queryPrefix: String
  /// Components of a vector; 1 to 4,096.
  public var dimension: Int

  public init(
    model: String, fingerprint: String, passagePrefix: String, queryPrefix: String, dimension: Int
  ) {
    self.model = model
    self.fingerprint = fingerprint
    self.passagePrefix = passagePrefix
    self.queryPrefix = queryPrefix
    self.dimension = dimension
  }
}

/// Where a vector comes from; it must fit the collection's contract.
public struct VectorOrigin: Sendable, Equatable {
  public var model: String
  public var fingerprint: String
  /// The prefix the text was embedded with.
  public var prefix: String

  public init(model: String, fingerprint: String, prefix: String) {
    self.model = model
    self.fingerprint = fingerprint
    self.prefix = prefix
  }
}

/// Which side of a search a vector stands on; it decides the prefix a contract expects.
public enum VectorSide: Sendable {
  case passage
  case query
}

extension CollectionContract {
  /// Refuses a vector that another model or another prompt made, or of another size.
  ///
  /// - Throws: `contractMismatch`, naming both sides.
  public func check(
    _ origin: VectorOrigin, side: VectorSide, dimension size: Int
  ) throws(RetrievalError) {
    guard origin.model == model, origin.fingerprint == fingerprint else {
      throw RetrievalError(
        .contractMismatch,
        "the vector was made by model '\(origin.model)' (\(origin.fingerprint)); the collection holds "
          + "vectors of '\(model)' (\(fingerprint)): embed with that model, or make another collection")
    }
    let expected = side == .passage ? passagePrefix : queryPrefix
    guard origin.prefix == expected else {
      throw RetrievalError(
        .contractMismatch,
        "the vector was made with the prefix '\(origin.prefix)'; the collection needs '\(expected)'")
    }
    guard size == dimension else {
      throw RetrievalError(
        .contractMismatch,
        "the vector has \(size) components; the collection's vectors have \(dimension)")
    }
  }
}
