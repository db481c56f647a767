extension CollectionContract {
  /// Refuses a dimension no store serves; throws `invalidArgument`.
  package func checkDimension() throws(RetrievalError) {
    guard (1...CollectionLimits.dimension).contains(dimension) else {
      throw RetrievalError(
        .invalidArgument,
        "a collection of dimension \(dimension) cannot be made: give 1 to \(CollectionLimits.dimension)")
    }
  }
}

/// Whether `byte` may stand in names: an ASCII letter or digit.
private func isLetterOrDigit(_ byte: UInt8) -> Bool {
  switch byte {
  case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
    UInt8(ascii: "0")...UInt8(ascii: "9"):
    true
  default: false
  }
}

/// Refuses a collection's name that is not 1 to 128 of `a-z A-Z 0-9 _ -`, the first a letter or digit.
package func checkCollectionName(_ name: String) throws(RetrievalError) {
  let bytes = name.utf8
  let valid =
    bytes.count <= CollectionLimits.nameBytes && bytes.first.map(isLetterOrDigit) == true
    && bytes.allSatisfy { isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-") }
  guard valid else {
    throw RetrievalError(
      .invalidArgument,
      "'\(name.prefix(64))' is no name for a collection: use 1 to \(CollectionLimits.nameBytes) of "
        + "a-z A-Z 0-9 _ -, the first a letter or digit")
  }
}

/// Whether a filter or metadata may call a field so: `[A-Za-z_][A-Za-z0-9_.-]*`, at most 128 bytes.
func isFieldName(_ name: some StringProtocol) -> Bool {
  let bytes = name.utf8
  guard let first = bytes.first, bytes.count <= CollectionLimits.fieldNameBytes else { return false }
  let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
  guard isLetterOrDigit(first) && !digits.contains(first) || first == UInt8(ascii: "_") else { return false }
  return bytes.allSatisfy {
    isLetterOrDigit($0) || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
  }
}

extension Document {
  /// Refuses an id, a text or metadata out of bounds.
  ///
  /// - Parameter position: of the document in its call, for the message.
  /// - Throws: `invalidArgument`; the message names the position and the field, never the text.
  package func check(position: Int) throws(RetrievalError) {
    func refuse(_ what: String) -> RetrievalError {
      RetrievalError(.invalidArgument, "document \(position): \(what)")
    }
    guard (1...CollectionLimits.idBytes).contains(id.utf8.count) else {
      throw refuse(
        "its id has \(id.utf8.count) bytes: give 1 to \(CollectionLimits.idBytes) bytes of UTF-8")
    }
    let size = title.utf8.count + text.utf8.count
    guard size <= CollectionLimits.textBytes else {
      throw refuse("title and text have \(size) bytes, at most \(CollectionLimits.textBytes): split it")
    }
    guard metadata.count <= CollectionLimits.metadataFields else {
      throw refuse(
        "its metadata has \(metadata.count) fields, at most \(CollectionLimits.metadataFields)")
    }
    for (field, value) in metadata {
      guard isFieldName(field) else {
        throw refuse(
          "a metadata field's name does not fit [A-Za-z_][A-Za-z0-9_.-]* of at most "
            + "\(CollectionLimits.fieldNameBytes) bytes")
      }
      if let fault = value.fault { throw refuse("metadata field '\(field)' \(fault)") }
    }
  }
}

extension MetadataValue {
  /// What is out of bounds, as the end of a sentence; nil where nothing is.
  var fault: String? {
    switch self {
    case .bool: return nil
    case .number(let number):
      return number.isFinite ? nil : "is not a finite number"
    case .string(let string): return Self.fault(of: string)
    case .strings(let strings):
      guard strings.count <= CollectionLimits.metadataListCount else {
        return "lists \(strings.count) strings, at most \(CollectionLimits.metadataListCount)"
      }
      for string in strings {
        if let fault = Self.fault(of: string) { return fault }
      }
      return nil
    }
  }

  private static func fault(of string: String) -> String? {
    let size = string.utf8.count
    return size <= CollectionLimits.metadataStringBytes
      ? nil : "has a string of \(size) bytes, at most \(CollectionLimits.metadataStringBytes)"
  }
}

/// Refuses a vector that has a component that is no number, or whose length is not 1 (± 0.02).
///
/// - Parameter what: names the vector in the message, such as "document 3".
package func checkUnitLength(_ vector: [Float], of what: @autoclosure () -> String) throws(RetrievalError) {
  var sum: Float = 0
  for component in vector { sum += component * component }
  // Also false where a component is no number or infinite.
  guard abs(sum.squareRoot() - 1) <= 0.02 else {
    throw RetrievalError(
      .invalidArgument,
      "\(what()): its vector is not of length 1 (\(sum.squareRoot())): normalise it")
  }
}

/// Refuses a count outside `range`; throws `invalidArgument`.
package func checkCount(
  _ value: Int, in range: ClosedRange<Int>, of what: String
) throws(RetrievalError) {
  guard range.contains(value) else {
    throw RetrievalError(
      .invalidArgument, "\(what) is \(value): give \(range.lowerBound) to \(range.upperBound)")
  }
}
