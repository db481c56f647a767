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
  /// What of its id, its text or its metadata is out of bounds, naming the field and never the text; nil where nothing
  /// is.
  package var refusal: String? {
    guard (1...CollectionLimits.idBytes).contains(id.utf8.count) else {
      return "its id has \(id.utf8.count) bytes: give 1 to \(CollectionLimits.idBytes) bytes of UTF-8"
    }
    let size = title.utf8.count + text.utf8.count
    guard size <= CollectionLimits.textBytes else {
      return "title and text have \(size) bytes, at most \(CollectionLimits.textBytes): split it"
    }
    guard metadata.count <= CollectionLimits.metadataFields else {
      return "its metadata has \(metadata.count) fields, at most \(CollectionLimits.metadataFields)"
    }
    for (field, value) in metadata {
      guard isFieldName(field) else {
        return "a metadata field's name does not fit [A-Za-z_][A-Za-z0-9_.-]* of at most "
          + "\(CollectionLimits.fieldNameBytes) bytes"
      }
      if let fault = value.fault { return "metadata field '\(field)' \(fault)" }
    }
    return nil
  }

  /// Refuses what is out of bounds.
  ///
  /// - Parameter position: of the document in its call, for the message.
  /// - Throws: `invalidArgument`.
  package func check(position: Int) throws(RetrievalError) {
    if let refusal { throw RetrievalError(.invalidArgument, "document \(position): \(refusal)") }
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

/// What is wrong with a vector that has a component that is no number, or whose length is not 1 (± 0.02); nil where
/// nothing is.
package func unitLengthRefusal(_ vector: [Float]) -> String? {
  var sum: Float = 0
  for component in vector { sum += component * component }
  // Also false where a component is no number or infinite.
  guard abs(sum.squareRoot() - 1) <= 0.02 else {
    return "its vector is not of length 1 (\(sum.squareRoot())): normalise it"
  }
  return nil
}

/// Refuses a vector that is not of length 1.
///
/// - Parameter what: names the vector in the message, such as "document 3".
package func checkUnitLength(_ vector: [Float], of what: @autoclosure () -> String) throws(RetrievalError) {
  if let refusal = unitLengthRefusal(vector) {
    throw RetrievalError(.invalidArgument, "\(what()): \(refusal)")
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
