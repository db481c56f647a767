/// A `tokenizer.json` as it stands: the vocabulary in flat arrays, the small parts as trees.
struct TokenizerDocument {
  var addedTokens = JSONValue.null
  var normalizer = JSONValue.null
  var preTokenizer = JSONValue.null
  var postProcessor = JSONValue.null
  /// Members of `model` except its vocabulary.
  var model = JSONValue.null
  /// UTF-8 text of all vocabulary entries, one after the other.
  var text: [UInt8] = []
  /// Where each entry ends in `text`.
  var ends: [Int] = []
  var scores: [Float] = []
  /// The vocabulary if it is an object from tokens to ids, as for WordPiece.
  var words: WordPieceVocabulary?

  init(_ bytes: UnsafeBufferPointer<UInt8>) throws(ModelFault) {
    guard (try? UTF8Span(validating: bytes.span)) != nil else {
      throw .unreadable("is not valid UTF-8")
    }
    text.reserveCapacity(bytes.count / 4)
    var reader = JSONReader(bytes)
    try reader.object { (key, reader) throws(ModelFault) in
      let value: JSONValue
      if key.elementsEqual("model".utf8) {
        value = try readModel(&reader)
      } else {
        value = try reader.value()
      }
      switch String(decoding: key, as: UTF8.self) {
      case "model": model = value
      case "added_tokens": addedTokens = value
      case "normalizer": normalizer = value
      case "pre_tokenizer": preTokenizer = value
      case "post_processor": postProcessor = value
      default: break
      }
    }
    try reader.end()
  }

  var count: Int { ends.count }

  func entry(_ index: Int) -> ArraySlice<UInt8> {
    text[(index == 0 ? 0 : ends[index - 1])..<ends[index]]
  }

  func isEntry(_ index: Int, _ expected: String) -> Bool {
    index >= 0 && index < count && entry(index).elementsEqual(expected.utf8)
  }

  private mutating func readModel(_ reader: inout JSONReader) throws(ModelFault) -> JSONValue {
    var members: [(String, JSONValue)] = []
    try reader.object { (key, reader) throws(ModelFault) in
      // Only a Unigram vocabulary is an array; the error for others comes from `type`.
      if key.elementsEqual("vocab".utf8), try reader.peek() == UInt8(ascii: "[") {
        guard ends.isEmpty else { throw .unreadable("has more than one model.vocab") }
        try reader.array { (reader) throws(ModelFault) in try readEntry(&reader) }
      } else if key.elementsEqual("vocab".utf8), try reader.peek() == UInt8(ascii: "{") {
        guard words == nil else { throw .unreadable("has more than one model.vocab") }
        words = try WordPieceVocabulary(json: &reader)
      } else {
        members.append((String(decoding: key, as: UTF8.self), try reader.value()))
      }
    }
    return .object(members)
  }

  /// One `[piece, score]`.
  private mutating func readEntry(_ reader: inout JSONReader) throws(ModelFault) {
    var parts = 0
    try reader.array { (reader) throws(ModelFault) in
      switch parts {
      case 0:
        try reader.string(appendingTo: &text)
        ends.append(text.count)
      case 1: scores.append(Float(try reader.number()))
      default: throw .unreadable("model.vocab[\(scores.count - 1)] is not [piece, score]")
      }
      parts += 1
    }
    guard parts == 2 else {
      throw .unreadable("model.vocab[\(ends.count - 1)] is not [piece, score]")
    }
  }
}
