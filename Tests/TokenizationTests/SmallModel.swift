@testable import Tokenization

/// A hand-made SentencePiece model whose every part a test can change.
struct SmallModel {
  typealias Piece = (text: [UInt8], score: Float, type: UInt8)

  var pieces: [Piece] = [
    piece("<unk>", 0, 2), piece("<s>", 0, 3), piece("</s>", 0, 3), piece("▁", -3),
    piece("a", -4), piece("b", -4), piece("▁a", -3.5), piece("ab", -5), piece("가", -6),
    piece("query", -7), piece(":", -3),
  ]
  var characterMap: [UInt8] = []
  /// Fields of trainer_spec and normalizer_spec, as (number, varint).
  var trainer: [(UInt8, Int)] = [(3, 1)]
  var normalizer: [(UInt8, Int)] = [(3, 1), (4, 1), (5, 1)]

  static func piece(_ text: String, _ score: Float, _ type: UInt8 = 1) -> Piece {
    (Array(text.utf8), score, type)
  }

  func bytes() -> [UInt8] {
    var model = ProtobufWriter(reserving: 1024)
    for piece in pieces {
      var message = ProtobufWriter(reserving: 64)
      message.bytes(1, piece.text)
      message.float(2, piece.score)
      message.varint(3, Int(piece.type))
      model.bytes(1, message.bytes)
    }
    var spec = ProtobufWriter(reserving: 64)
    for (number, value) in trainer { spec.varint(number, value) }
    model.bytes(2, spec.bytes)
    spec = ProtobufWriter(reserving: 64)
    spec.bytes(2, characterMap)
    for (number, value) in normalizer { spec.varint(number, value) }
    model.bytes(3, spec.bytes)
    return model.bytes
  }

  func load() throws(TokenizationError) -> SentencePieceTokenizer {
    try SentencePieceTokenizer(modelBytes: bytes(), name: "small.model")
  }
}

/// A hand-made tokenizer.json of the same model.
struct SmallJSON {
  var vocabulary = """
    ["<s>",0],["<pad>",0],["</s>",0],["<unk>",0],["\\u2581",-3.0],["a",-4],["b",-4],["▁a",-3.5],
    ["ab",-5],["가",-6],["query",-7e0],[":",-3],["<mask>",0]
    """
  var type = "\"Unigram\""
  var modelExtra = ""
  var unknownID = "3"
  var addedTokens = #"{"id":12,"content":"<mask>","special":true}"#
  var normalizer = "null"
  var preTokenizer = """
    {"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},
    {"type":"Metaspace","replacement":"▁","add_prefix_space":true}]}
    """
  var postProcessor = """
    {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},
    {"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"</s>","type_id":0}}]}
    """

  func bytes() -> [UInt8] {
    Array(
      """
      {"version":"1.0","truncation":null,"padding":{"pad_id":1},"added_tokens":[\(addedTokens)],
      "normalizer":\(normalizer),"pre_tokenizer":\(preTokenizer),"post_processor":\(postProcessor),
      "decoder":null,"model":{"type":\(type),"unk_id":\(unknownID),\(modelExtra)
      "vocab":[\(vocabulary)]}}
      """.utf8)
  }

  func load() throws(TokenizationError) -> SentencePieceTokenizer {
    try SentencePieceTokenizer(unigramJSONBytes: bytes(), name: "tokenizer.json")
  }
}
