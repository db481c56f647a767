import Foundation
import ModelFiles
import Testing

@testable import Tokenization

/// Models that load, and models that must be refused by name.
@Suite struct LoadingTests {
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

  @Test func smallModelBothWays() throws {
    for tokenizer in [try SmallModel().load(), try SmallJSON().load()] {
      let pieces = try tokenizer.pieces(of: "a가 bab가x")
      let texts = pieces.ids.map { tokenizer.pieceText($0) }
      #expect(texts == ["▁a", "가", "▁", "b", "ab", "가", "<unk>"])
      #expect(pieces.ranges == [0..<1, 1..<4, 4..<5, 5..<6, 6..<8, 8..<11, 11..<12])
      #expect(tokenizer.specialTokens.mask == 12)
      #expect(tokenizer.vocabularySize == 13)
    }
  }

  @Test func modelLayout() {
    var model = SmallModel()
    model.pieces.swapAt(0, 2)
    expect(.unsupportedModel, ["</s> (control) at 0", "<unk> (unknown) at 2", "small.model"]) {
      _ = try model.load()
    }
    model = SmallModel()
    model.pieces[1].text = Array("<pad>".utf8)
    expect(.unsupportedModel, ["<pad>"]) { _ = try model.load() }
    model = SmallModel()
    model.pieces = []
    expect(.unreadableModel, ["no pieces"]) { _ = try model.load() }
    model.pieces = Array(SmallModel().pieces.prefix(3))
    expect(.unsupportedModel, ["no pieces but the special ones"]) { _ = try model.load() }
  }

  @Test func modelPieces() throws {
    let wrong: [(SmallModel.Piece, TokenizationError.Code, String)] = [
      (SmallModel.piece("", -1), .unreadableModel, "piece 11 is empty"),
      (SmallModel.piece("a", -1), .unreadableModel, "already defined"),
      (SmallModel.piece("ab", -1), .unreadableModel, "occurs twice"),
      (SmallModel.piece("x", .nan), .unreadableModel, "score"),
      (SmallModel.piece("x", -.infinity), .unreadableModel, "score"),
      (SmallModel.piece("x", -1, 9), .unsupportedModel, "type 9"),
      (SmallModel.piece("x", -1, 4), .unsupportedModel, "user-defined"),
      (SmallModel.piece("<0x41>", -1, 6), .unreadableModel, "byte_fallback"),
      (SmallModel.piece("a\0b", -1), .unsupportedModel, "NUL"),
      (SmallModel.piece("<mask>", -1), .unsupportedModel, "special token"),
      (SmallModel.piece("<s>", -1), .unsupportedModel, "special token"),
      (SmallModel.piece("<unk>", -1, 2), .unreadableModel, "second unknown"),
      (([0xEA, 0xB0], -1, 1), .unreadableModel, "UTF-8"),
    ]
    for (piece, code, words) in wrong {
      var model = SmallModel()
      model.pieces.append(piece)
      expect(code, [words]) { _ = try model.load() }
    }
    // A control piece is never matched in text; canonically equal pieces are two pieces.
    var model = SmallModel()
    model.pieces += [
      SmallModel.piece("<ab>", -1, 3), SmallModel.piece("é", -4), SmallModel.piece("e\u{301}", -4),
      SmallModel.piece("unused", 0, 5),
    ]
    let tokenizer = try model.load()
    #expect(try tokenizer.pieces(of: "é").ids.last == 13)
    #expect(try tokenizer.pieces(of: "e\u{301}").ids.last == 14)
    #expect(try !tokenizer.pieces(of: "<ab> unused").ids.contains { $0 == 12 || $0 == 15 })
  }

  @Test func modelSettings() throws {
    for (trainer, word) in [
      ([(UInt8(3), 2)], "BPE"), ([(3, 4)], "CHAR"), ([(24, 1)], "treat_whitespace_as_suffix"),
    ] {
      var model = SmallModel()
      model.trainer = trainer
      expect(.unsupportedModel, [word]) { _ = try model.load() }
    }
    var model = SmallModel()
    model.normalizer = [(5, 0)]
    expect(.unsupportedModel, ["escape_whitespaces"]) { _ = try model.load() }
    model.normalizer = [(3, 0), (4, 0)]
    let tokenizer = try model.load()
    let pieces = try tokenizer.pieces(of: "a  b ")
    #expect(pieces.ids.map { tokenizer.pieceText($0) } == ["a", "▁", "▁", "b", "▁"])
    #expect(!pieces.normalizationChanged)
  }

  @Test func byteFallback() throws {
    var model = SmallModel()
    let hex = (0..<256).map { byte in
      let digits = String(byte, radix: 16, uppercase: true)
      return SmallModel.piece("<0x\(digits.count == 1 ? "0" : "")\(digits)>", 0, 6)
    }
    model.pieces += hex
    model.trainer.append((35, 1))
    let tokenizer = try model.load()
    let pieces = try tokenizer.pieces(of: "a나<0x41>")
    #expect(
      pieces.ids.prefix(4).map { tokenizer.pieceText($0) } == ["▁a", "<0xEB>", "<0x82>", "<0x98>"])
    #expect(pieces.ranges.prefix(4) == [0..<1, 1..<1, 1..<1, 1..<4])
    #expect(pieces.unknownCount == 0 && !pieces.normalizationChanged)
    #expect(rangesAreSound(pieces.ranges, in: "a나<0x41>"))
    model.pieces.removeLast()
    expect(.unreadableModel, ["256"]) { _ = try model.load() }
  }

  @Test func normalizersOfTokenizerJSON() throws {
    let replace = #"{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}"#
    let accepted = [
      #"{"type":"Sequence","normalizers":[]}"#, replace,
      #"{"type":"Precompiled","precompiled_charsmap":null}"#,
      #"{"type":"Sequence","normalizers":[{"type":"Strip","strip_left":false,"strip_right":true},"#
        + #"{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"▁"}]}"#,
    ]
    for normalizer in accepted {
      var json = SmallJSON()
      json.normalizer = normalizer
      #expect(try json.load().pieces(of: "a  가").ids == [7, 4, 9])
    }
    let refused = [
      (#"{"type":"NFKC"}"#, "NFKC"), (#"{"type":"Lowercase"}"#, "Lowercase"),
      (#"{"type":"Replace","pattern":{"String":"x"},"content":" "}"#, "Replace"),
      (#"{"type":"Replace","pattern":{"Regex":" {2,}"},"content":"_"}"#, "Replace"),
      (#"{"type":"Sequence","normalizers":[\#(replace),{"type":"Precompiled"}]}"#, "Precompiled"),
      (#"{"type":"Strip","strip_left":true,"strip_right":false}"#, "Strip"), ("{}", "without type"),
    ]
    for (normalizer, word) in refused {
      var json = SmallJSON()
      json.normalizer = normalizer
      expect(.unsupportedModel, [word, "tokenizer.json"]) { _ = try json.load() }
    }
    for map in ["\"%%\"", "\"AAAA\"", "7", "\"AAQAAA==\""] {
      var json = SmallJSON()
      json.normalizer = #"{"type":"Precompiled","precompiled_charsmap":\#(map)}"#
      expect(.unreadableModel, []) { _ = try json.load() }
    }
  }

  @Test func preTokenizersOfTokenizerJSON() throws {
    let replace = #"{"type":"Replace","pattern":{"Regex":" {2,}"},"content":" "}"#
    func metaspace(_ extra: String) -> String {
      #"{"type":"Metaspace","replacement":"▁"\#(extra)}"#
    }
    func afterSplit(_ step: String) -> String {
      #"{"type":"Sequence","pretokenizers":[{"type":"WhitespaceSplit"},\#(step)]}"#
    }
    for extra in [#","prepend_scheme":"always","split":true"#, #","prepend_scheme":"first""#, ""] {
      var json = SmallJSON()
      json.normalizer = replace
      json.preTokenizer = metaspace(extra)
      #expect(try json.load().pieces(of: "a  b").ids == [7, 4, 6])
    }
    for extra in [#","prepend_scheme":"never""#, #","add_prefix_space":false"#] {
      var json = SmallJSON()
      json.normalizer = replace
      json.preTokenizer = metaspace(extra)
      #expect(try json.load().pieces(of: "b b").ids == [6, 4, 6])
    }
    let refused = [
      ("null", "Metaspace"), (metaspace(""), "folds"), (#"{"type":"ByteLevel"}"#, "ByteLevel"),
      (#"{"type":"Metaspace","replacement":"_"}"#, "replacement"),
      (afterSplit(metaspace(#","prepend_scheme":"first""#)), "first"),
      (afterSplit(metaspace(#","prepend_scheme":"never""#)), "loses spaces"),
      (afterSplit(metaspace(#","prepend_scheme":"new""#)), "new"),
      (afterSplit(metaspace("") + "," + metaspace("")), "Metaspace"),
    ]
    for (preTokenizer, word) in refused {
      var json = SmallJSON()
      json.preTokenizer = preTokenizer
      expect(.unsupportedModel, [word]) { _ = try json.load() }
    }
  }

  @Test func otherPartsOfTokenizerJSON() throws {
    let changes: [(WritableKeyPath<SmallJSON, String>, String, TokenizationError.Code, String)] = [
      (\.type, "\"WordPiece\"", .unsupportedModel, "WordPiece"),
      (\.type, "null", .unsupportedModel, "absent"),
      (\.unknownID, "0", .unsupportedModel, "unk_id"),
      (\.unknownID, "1e400", .unsupportedModel, "unk_id"),
      (\.postProcessor, "null", .unsupportedModel, "post_processor"),
      (\.postProcessor, #"{"type":"ByteLevel"}"#, .unsupportedModel, "ByteLevel"),
      (\.postProcessor, #"{"type":"TemplateProcessing","single":[]}"#, .unsupportedModel, "framed"),
      (
        \.postProcessor, #"{"type":"RobertaProcessing","cls":["[CLS]",0],"sep":["</s>",2]}"#,
        .unsupportedModel, "cls"
      ),
      (\.addedTokens, #"{"id":13,"content":"<mask>","special":true}"#, .unsupportedModel, "13"),
      (\.addedTokens, #"{"id":12,"content":"user","special":false}"#, .unsupportedModel, "12"),
      (\.addedTokens, #"{"content":"user"}"#, .unreadableModel, "added_tokens"),
      (\.vocabulary, #"["<pad>",0]"#, .unsupportedModel, "expected <s>"),
      (\.vocabulary, "", .unsupportedModel, "expected <s>"),
      (\.vocabulary, #"["<s>"]"#, .unreadableModel, "model.vocab[0]"),
      (\.vocabulary, #"["<s>",0,1]"#, .unreadableModel, "model.vocab[0]"),
      (\.vocabulary, #"["<s>",-1e999]"#, .unsupportedModel, "expected <pad>"),
      (\.modelExtra, #""vocab":[["x",0]],"#, .unreadableModel, "more than one"),
    ]
    for (key, value, code, word) in changes {
      var json = SmallJSON()
      json[keyPath: key] = value
      expect(code, [word]) { _ = try json.load() }
    }
    for extra in [
      ",[\"a\",-1],[\"<mask>\",0]", ",[\"x\",-1e999]", ",[\"b▁a\",-1]", ",[\"</s>\",-1]",
    ] {
      var json = SmallJSON()
      json.vocabulary = json.vocabulary.replacing(",[\"<mask>\",0]", with: extra)
      json.addedTokens = ""
      #expect(throws: TokenizationError.self) { try json.load() }
    }
    var json = SmallJSON()
    json.vocabulary = json.vocabulary.replacing(",[\"<mask>\",0]", with: "")
    json.addedTokens = ""
    json.postProcessor = #"{"type":"RobertaProcessing","cls":["<s>",0],"sep":["</s>",2]}"#
    let tokenizer = try json.load()
    #expect(tokenizer.specialTokens.mask == nil)
    #expect(tokenizer.vocabularySize == 12)
    #expect(tokenizer.pieceText(12) == nil)
  }

  @Test func loader() throws {
    let folder = Fixtures.bootstrapFolder
    let model = folder.appending(path: "sentencepiece.bpe.model").path
    let json = folder.appending(path: "tokenizer.json").path
    for file in [
      TokenizerFile.sentencePiece(path: model, unigramJSON: json),
      .sentencePiece(path: model, unigramJSON: nil), .unigramJSON(path: json),
    ] {
      #expect(try TokenizerLoader.load(file).vocabularySize == 24001)
    }
    expect(.unreadableModel, ["/no/such.model"]) {
      _ = try TokenizerLoader.load(.sentencePiece(path: "/no/such.model", unigramJSON: json))
    }
    // Each file taken for the other.
    expect(.unreadableModel, [json]) { _ = try SentencePieceTokenizer(contentsOf: json) }
    expect(.unreadableModel, [model]) { _ = try SentencePieceTokenizer(unigramJSON: model) }
  }
}
