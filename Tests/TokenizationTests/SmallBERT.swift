import Foundation

@testable import Tokenization

/// A small WordPiece model whose every part a test can change.
struct SmallBERT {
  var words = [
    "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "a", "b", "##b", "ab", "##c", "##bc", "hello",
    "[", "]", "sep", "##s", "e", "é", "query", ":", "가",
    "\u{1100}\u{1161}", "##\u{11A8}", "##a", "A", "世", "!", "",
    "##\u{307}", "i",
  ]
  var configuration: [String: Bool]? = [:]

  /// As a `vocab.txt` would be read.
  func load() throws -> WordPieceTokenizer {
    let settings = try configuration.map {
      try WordPieceConfiguration(
        bytes: Array(JSONEncoder().encode($0)), name: "tokenizer_config.json")
    }
    return try WordPieceTokenizer(name: "vocab.txt") { () throws(ModelFault) in
      var model = WordPieceModel(vocabulary: try vocabulary())
      model.normalization = try (settings ?? WordPieceConfiguration()).normalizationOfVocabulary()
      return model
    }
  }

  func vocabulary() throws(ModelFault) -> WordPieceVocabulary {
    let lines = Array((words.joined(separator: "\n") + "\n").utf8)
    let read = lines.withUnsafeBufferPointer { bytes in
      Result { () throws(ModelFault) in try WordPieceVocabulary(lines: bytes) }
    }
    return try read.get()
  }
}

/// The same model as a hand-made tokenizer.json.
struct SmallBERTJSON {
  var type = #""WordPiece""#
  var vocabulary = """
    "[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"[MASK]":4,"a":5,"b":6,"##b":7,"ab":8,"##c":9,
    "##bc":10,"hello":11,"[":12,"]":13,"sep":14,"##s":15,"\\u0065":16,"é":17,"query":18,":":19
    """
  var model = """
    "unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100
    """
  var addedTokens = """
    {"id":0,"content":"[PAD]","special":true},{"id":3,"content":"[SEP]","special":true}
    """
  var normalizer = """
    {"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,
    "lowercase":true}
    """
  var preTokenizer = #"{"type":"BertPreTokenizer"}"#
  var postProcessor = """
    {"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[CLS]","type_id":0}},
    {"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],
    "pair":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
    {"SpecialToken":{"id":"[SEP]","type_id":0}},{"Sequence":{"id":"B","type_id":1}},
    {"SpecialToken":{"id":"[SEP]","type_id":1}}],"special_tokens":{
    "[CLS]":{"id":"[CLS]","ids":[2],"tokens":["[CLS]"]},
    "[SEP]":{"id":"[SEP]","ids":[3],"tokens":["[SEP]"]}}}
    """
  /// Text of a tokenizer_config.json; nil for none.
  var configuration: String? = #"{"tokenizer_class":"BertTokenizer"}"#

  func bytes() -> [UInt8] {
    Array(
      """
      {"version":"1.0","truncation":null,"padding":null,"added_tokens":[\(addedTokens)],
      "normalizer":\(normalizer),"pre_tokenizer":\(preTokenizer),"post_processor":\(postProcessor),
      "decoder":null,"model":{"type":\(type),\(model),"vocab":{\(vocabulary)}}}
      """.utf8)
  }

  func load() throws(TokenizationError) -> WordPieceTokenizer {
    let settings: WordPieceConfiguration
    if let configuration {
      settings = try WordPieceConfiguration(
        bytes: Array(configuration.utf8), name: "tokenizer_config.json")
    } else {
      settings = WordPieceConfiguration()
    }
    return try WordPieceTokenizer(
      jsonBytes: bytes(), configuration: settings, name: "tokenizer.json")
  }
}
