/// The tokens of a WordPiece model with their ids, whichever file they came from.
struct WordPieceVocabulary: Sendable {
  /// UTF-8 text of all tokens, one after the other.
  private var text: [UInt8] = []
  /// Where the text of each id begins and ends; `absent` for an id without a token.
  private var starts: [UInt32] = []
  private var ends: [UInt32] = []

  private static let absent = UInt32.max

  /// Most bytes of all tokens, and most ids: some ten times those of the largest models.
  static let textLimit = 64 << 20
  static let countLimit = 1 << 22

  /// Highest id + 1.
  var count: Int { starts.count }

  func token(_ id: Int) -> ArraySlice<UInt8>? {
    guard starts.indices.contains(id), starts[id] != Self.absent else { return nil }
    return text[Int(starts[id])..<Int(ends[id])]
  }

  /// The id of a token; of equal ones the highest, as for transformers.
  func id(of token: String) -> Int32? {
    let found = starts.indices.last { id in
      self.token(id)?.elementsEqual(token.utf8) ?? false
    }
    return found.map { Int32(truncatingIfNeeded: $0) }
  }

  /// Gives an id its token.
  mutating func set(_ id: Int, _ token: some Collection<UInt8>) throws(ModelFault) {
    guard id >= 0, id < Self.countLimit else {
      throw .unreadable(
        "has a token with the id \(id); ids from 0 to \(Self.countLimit - 1) are read")
    }
    guard text.count + token.count <= Self.textLimit else {
      throw .unreadable("has a vocabulary of more than \(Self.textLimit) bytes")
    }
    if id >= count {
      let more = id + 1 - count
      starts.append(contentsOf: repeatElement(Self.absent, count: more))
      ends.append(contentsOf: repeatElement(0, count: more))
    }
    guard starts[id] == Self.absent else { throw .unreadable("gives the id \(id) to two tokens") }
    starts[id] = UInt32(truncatingIfNeeded: text.count)
    text.append(contentsOf: token)
    ends[id] = UInt32(truncatingIfNeeded: text.count)
  }
}

extension WordPieceVocabulary {
  /// Reads a `vocab.txt`: one token to a line, numbered from 0.
  init(lines bytes: UnsafeBufferPointer<UInt8>) throws(ModelFault) {
    guard (try? UTF8Span(validating: bytes.span)) != nil else {
      throw .unreadable("is not valid UTF-8")
    }
    let newline = UInt8(ascii: "\n")
    let carriageReturn = UInt8(ascii: "\r")
    var rest = bytes[...]
    while !rest.isEmpty {
      let end = rest.firstIndex(of: newline) ?? rest.endIndex
      var line = rest[rest.startIndex..<end]
      if line.last == carriageReturn { line = line.dropLast() }
      guard !line.contains(carriageReturn) else {
        throw .unreadable("line \(count + 1) holds a carriage return")
      }
      try set(count, line)
      rest = rest[min(end + 1, rest.endIndex)...]
    }
  }

  /// Reads `model.vocab` of a `tokenizer.json`: an object from tokens to ids.
  init(json reader: inout JSONReader) throws(ModelFault) {
    var vocabulary = WordPieceVocabulary()
    try reader.object { (token, reader) throws(ModelFault) in
      let number = try reader.number()
      guard let id = Int(exactly: number) else {
        throw .unreadable("model.vocab has the id \(number); ids are whole numbers")
      }
      try vocabulary.set(id, token)
    }
    self = vocabulary
  }
}
