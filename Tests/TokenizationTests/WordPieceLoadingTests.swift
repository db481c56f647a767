import Foundation
import ModelFiles
import Testing

@testable import Tokenization

/// WordPiece files that load, and files that must be refused by name.
@Suite struct WordPieceLoadingTests {
  private func expect(
    _ code: TokenizationError.Code, _ words: [String], _ body: () throws -> Void,
    _ location: SourceLocation = #_sourceLocation
  ) {
    #expect(sourceLocation: location) {
      try body()
    } throws: { error in
      guard let error = error as? TokenizationError else { return false }
      return error.code == code && words.allSatisfy { error.message.contains($0) }
    }
  }

  @Test func vocabularyLines() throws {
    var model = SmallBERT()
    model.words[2] = "CLS"
    expect(.unsupportedModel, ["vocab.txt", "[CLS]"]) { _ = try model.load() }
    model = SmallBERT()
    model.words[7] = "x\ry"
    expect(.unreadableModel, ["line 8", "carriage return"]) { _ = try model.load() }
    // Of equal tokens the last one counts; lines may end as Windows does it.
    model = SmallBERT()
    model.words = model.words.map { $0 + "\r" } + ["hello"]
    let tokenizer = try model.load()
    #expect(try tokenizer.pieces(of: "hello").ids == [30])
    #expect(tokenizer.pieceText(11) == "hello")
    expect(.unreadableModel, ["UTF-8"]) {
      _ = try WordPieceTokenizer(name: "v") { () throws(ModelFault) in
        let read = ([0xFF, 0x0A] as [UInt8]).withUnsafeBufferPointer { bytes in
          Result { () throws(ModelFault) in try WordPieceVocabulary(lines: bytes) }
        }
        return WordPieceModel(vocabulary: try read.get())
      }
    }
  }

  @Test func settingsDecideIDs() throws {
    let text = "É世 A"
    let expected: [([String: Bool], [Int32])] = [
      ([:], [16, 25, 5]), (["do_lower_case": false], [1, 25, 24]),
      (["strip_accents": false], [17, 25, 5]),
      (["tokenize_chinese_chars": false], [1, 5]),
    ]
    for (settings, ids) in expected {
      let tokenizer = try SmallBERT(configuration: settings).load()
      #expect(try tokenizer.pieces(of: text).ids == ids, "\(settings)")
    }
    #expect(try SmallBERT(configuration: nil).load().pieces(of: text).ids == [16, 25, 5])
    let dotted = try SmallBERT(configuration: ["strip_accents": false]).load()
    #expect(try dotted.pieces(of: "İ").ids == [29, 28])
    #expect(try dotted.pieces(of: "İ").ranges == [0..<0, 0..<2])
  }

  @Test func configurationFiles() throws {
    let accepted = [
      "{}", #"{"tokenizer_class":"BertTokenizerFast","strip_accents":null}"#,
      #"{"tokenizer_class":"DistilBertTokenizer","cls_token":{"content":"[CLS]","lstrip":false}}"#,
      #"{"added_tokens_decoder":{"0":{"content":"[PAD]","special":true}},"never_split":null}"#,
    ]
    for text in accepted {
      var json = SmallBERTJSON()
      json.configuration = text
      #expect(try json.load().pieces(of: "É").ids == [16])
    }
    let refused: [(String, TokenizationError.Code, String)] = [
      (#"{"tokenizer_class":"BertJapaneseTokenizer"}"#, .unsupportedModel, "BertJapanese"),
      (#"{"tokenizer_class":1}"#, .unsupportedModel, "tokenizer_class"),
      (#"{"do_lower_case":"yes"}"#, .unreadableModel, "do_lower_case"),
      (#"{"sep_token":"</s>"}"#, .unsupportedModel, "</s>"),
      (#"{"cls_token":{"content":"<s>"}}"#, .unsupportedModel, "cls_token"),
      ("[]", .unreadableModel, "object"), ("{", .unreadableModel, "tokenizer_config.json"),
      ("", .unreadableModel, "JSON"),
    ]
    for (text, code, word) in refused {
      var json = SmallBERTJSON()
      json.configuration = text
      expect(code, [word, "tokenizer_config.json"]) { _ = try json.load() }
    }
    for (text, word) in [
      (#"{"tokenizer_class":"PreTrainedTokenizerFast"}"#, "tokenizer.json"),
      (#"{"added_tokens_decoder":{"9":{"content":"x","special":false}}}"#, "added_tokens_decoder"),
    ] {
      let settings = try WordPieceConfiguration(bytes: Array(text.utf8), name: "c")
      #expect {
        try settings.normalizationOfVocabulary()
      } throws: { ($0 as? ModelFault)?.message.contains(word) ?? false }
    }
  }

  /// transformers' BERT class follows tokenizer_config.json, its general class tokenizer.json.
  @Test func whichFileDecides() throws {
    let general = #"{"tokenizer_class":"PreTrainedTokenizerFast","do_lower_case":true}"#
    var json = SmallBERTJSON()
    json.configuration = #"{"do_lower_case":false,"strip_accents":true}"#
    #expect(try json.load().pieces(of: "A é").ids == [1, 16])
    json.normalizer = json.normalizer.replacing(#""lowercase":true"#, with: #""lowercase":false"#)
    json.configuration = #"{"do_lower_case":true}"#
    #expect(try json.load().pieces(of: "A é").ids == [5, 16])
    json.configuration = general
    #expect(try json.load().pieces(of: "A é").ids == [1, 17])
    json.normalizer = json.normalizer.replacing(
      #""clean_text":true"#, with: #""clean_text":false"#)
    #expect(try json.load().pieces(of: "a\0b").ids == [1])
  }

  @Test func contradictionsAreRefused() throws {
    let changes = [
      (#""lowercase":true"#, #""lowercase":false"#, "do_lower_case"),
      (#""strip_accents":null"#, #""strip_accents":false"#, "strip_accents"),
      (#""handle_chinese_chars":true"#, #""handle_chinese_chars":false"#, "tokenize_chinese_chars"),
      (#""clean_text":true"#, #""clean_text":false"#, "clean_text"),
    ]
    for configuration in [nil, "{}", #"{"tokenizer_class":"BertTokenizer"}"#] {
      for (old, new, word) in changes {
        var json = SmallBERTJSON()
        json.configuration = configuration
        json.normalizer = json.normalizer.replacing(old, with: new)
        expect(.unsupportedModel, [word, "tokenizer.json"]) { _ = try json.load() }
      }
    }
    var json = SmallBERTJSON()
    json.normalizer = json.normalizer.replacing(
      #""strip_accents":null"#, with: #""strip_accents":true"#)
    #expect(try json.load().pieces(of: "é").ids == [16])
  }

  @Test func partsOfTokenizerJSON() throws {
    typealias Change = (
      WritableKeyPath<SmallBERTJSON, String>, String, TokenizationError.Code, String
    )
    let changes: [Change] = [
      (\.type, "\"BPE\"", .unsupportedModel, "BPE"), (\.type, "null", .unsupportedModel, "absent"),
      (\.vocabulary, "", .unsupportedModel, "[CLS]"),
      (\.vocabulary, #""[CLS]":"2""#, .unreadableModel, "JSON"),
      (\.vocabulary, #""[CLS]":2.5"#, .unreadableModel, "2.5"),
      (\.vocabulary, #""[CLS]":-1"#, .unreadableModel, "-1"),
      (\.vocabulary, #""[CLS]":1e9"#, .unreadableModel, "1000000000"),
      (\.vocabulary, #""[CLS]":1e300"#, .unreadableModel, "whole"),
      (\.vocabulary, #""[CLS]":2,"[SEP]":2"#, .unreadableModel, "id 2"),
      (\.model, #""unk_token":"<unk>""#, .unsupportedModel, "<unk>"),
      (\.model, ##""continuing_subword_prefix":"@@""##, .unsupportedModel, "@@"),
      (\.model, #""max_input_chars_per_word":0"#, .unreadableModel, "max_input"),
      (\.model, #""max_input_chars_per_word":1e400"#, .unreadableModel, "max_input"),
      (\.normalizer, "null", .unsupportedModel, "normalizer: absent"),
      (\.normalizer, #"{"type":"Lowercase"}"#, .unsupportedModel, "Lowercase"),
      (
        \.normalizer, #"{"type":"BertNormalizer","lowercase":1}"#, .unreadableModel, "lowercase"
      ),
      (\.preTokenizer, "null", .unsupportedModel, "pre_tokenizer"),
      (\.preTokenizer, #"{"type":"Whitespace"}"#, .unsupportedModel, "Whitespace"),
      (\.postProcessor, "null", .unsupportedModel, "post_processor: absent"),
      (\.postProcessor, #"{"type":"RobertaProcessing"}"#, .unsupportedModel, "Roberta"),
      (\.postProcessor, #"{"type":"TemplateProcessing","single":[]}"#, .unsupportedModel, "framed"),
      (
        \.postProcessor, #"{"type":"BertProcessing","cls":["[CLS]",2],"sep":["[SEP]",4]}"#,
        .unsupportedModel, "[SEP] has another id"
      ),
      (
        \.postProcessor, #"{"type":"BertProcessing","cls":["<s>",2],"sep":["[SEP]",3]}"#,
        .unsupportedModel, "cls"
      ),
      (\.addedTokens, #"{"id":20,"content":"x","special":false}"#, .unsupportedModel, "20"),
      (\.addedTokens, #"{"content":"x"}"#, .unreadableModel, "added_tokens"),
      (\.addedTokens, #"{"id":5,"content":"x","special":true}"#, .unreadableModel, "id 5"),
    ]
    for (key, value, code, word) in changes {
      var json = SmallBERTJSON()
      json[keyPath: key] = value
      expect(code, [word, "tokenizer.json"]) { _ = try json.load() }
    }
    var json = SmallBERTJSON()
    json.postProcessor = #"{"type":"BertProcessing","cls":["[CLS]",2],"sep":["[SEP]",3]}"#
    json.addedTokens = #"{"id":20,"content":"[X]","special":true}"#
    let tokenizer = try json.load()
    #expect(tokenizer.pairFrame == .bert && tokenizer.vocabularySize == 21)
    #expect(tokenizer.pieceText(20) == "[X]")
    json = SmallBERTJSON()
    json.postProcessor = json.postProcessor.replacing(
      #"{"id":"B","type_id":1}"#, with: #"{"id":"B","type_id":0}"#)
    #expect(try json.load().pairFrame == nil)
  }

  /// An error, or a tokenizer that works; never a crash.
  @Test func damagedFiles() throws {
    var generator = SeededGenerator(state: 11)
    let whole = SmallBERTJSON().bytes()
    let settings = WordPieceConfiguration()
    for count in 0..<whole.count {
      #expect(throws: TokenizationError.self) {
        try WordPieceTokenizer(
          jsonBytes: Array(whole[..<count]), configuration: settings, name: "j")
      }
    }
    var loaded = 0
    for _ in 0..<4000 {
      var bytes = whole
      for _ in 0..<Int.random(in: 1...3, using: &generator) {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        bytes[index] = UInt8.random(in: 0...255, using: &generator)
      }
      guard
        let tokenizer = try? WordPieceTokenizer(
          jsonBytes: bytes, configuration: settings, name: "j")
      else { continue }
      loaded += 1
      for text in DamagedModelTests.probes {
        let pieces = try tokenizer.pieces(of: text)
        #expect(rangesAreSound(pieces.ranges, in: text))
        #expect(pieces.ids.allSatisfy { $0 >= 0 && $0 < tokenizer.vocabularySize })
      }
    }
    #expect(loaded > 0 && loaded < 4000)
  }

  @Test func loader() throws {
    let folder = FileManager.default.temporaryDirectory
      .appending(path: "wordpiece-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let vocabulary = folder.appending(path: "vocab.txt")
    let json = folder.appending(path: "tokenizer.json")
    let configuration = folder.appending(path: "tokenizer_config.json")
    try Data(SmallBERT().words.joined(separator: "\n").utf8).write(to: vocabulary)
    try Data(SmallBERTJSON().bytes()).write(to: json)
    try Data(#"{"do_lower_case":false}"#.utf8).write(to: configuration)

    let cased = TokenizerFile.wordPiece(path: vocabulary.path, configuration: configuration.path)
    #expect(try TokenizerLoader.load(cased).pieces(of: "A").ids == [24])
    let plain = TokenizerFile.wordPiece(path: vocabulary.path, configuration: nil)
    #expect(try TokenizerLoader.load(plain).pieces(of: "A").ids == [5])
    let fromJSON = TokenizerFile.wordPieceJSON(path: json.path, configuration: nil)
    #expect(try TokenizerLoader.load(fromJSON).pieces(of: "A").ids == [5])

    let absent = folder.appending(path: "absent").path
    for file in [
      TokenizerFile.wordPiece(path: absent, configuration: nil),
      .wordPiece(path: vocabulary.path, configuration: absent),
      .wordPieceJSON(path: absent, configuration: nil),
    ] {
      expect(.unreadableModel, [absent]) { _ = try TokenizerLoader.load(file) }
    }
    expect(.unreadableModel, [vocabulary.path]) {
      _ = try TokenizerLoader.load(.wordPieceJSON(path: vocabulary.path, configuration: nil))
    }
  }
}
