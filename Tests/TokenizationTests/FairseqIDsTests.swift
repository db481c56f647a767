import Testing

@testable import Tokenization

@Suite struct FairseqIDsTests {
  @Test(arguments: [
    (sentencePiece: Int32(0), model: Int32(3)), (1, 0), (2, 2), (3, 4), (4, 5), (35377, 35378),
    (249_999, 250_000),
  ])
  func table(_ row: (sentencePiece: Int32, model: Int32)) {
    #expect(FairseqIDs.modelID(sentencePiece: row.sentencePiece) == row.model)
    #expect(
      FairseqIDs.sentencePieceID(model: row.model, sentencePieceSize: 250_000)
        == row.sentencePiece)
  }

  @Test(arguments: [1, 250_001, 250_002, -1, Int32.min, Int32.max])
  func idsWithoutPiece(_ id: Int32) {
    #expect(FairseqIDs.sentencePieceID(model: id, sentencePieceSize: 250_000) == nil)
  }

  @Test func mappingIsInjectiveAndMissesPadding() {
    let ids = (0..<Int32(1000)).map(FairseqIDs.modelID(sentencePiece:))
    #expect(Set(ids).count == 1000)
    #expect(!ids.contains(FairseqIDs.pad))
    #expect(FairseqIDs.mask(sentencePieceSize: 250_000) == 250_001)
  }

  @Test func specialTokensOfALoadedModel() throws {
    for tokenizer in try Fixtures.tokenizers(.bootstrap) {
      #expect(
        tokenizer.specialTokens
          == SpecialTokens(begin: 0, pad: 1, end: 2, unknown: 3, mask: 24000))
      #expect(tokenizer.vocabularySize == 24001)
      let texts = [0, 1, 2, 3, 4, 24000].map { tokenizer.pieceText($0) }
      #expect(texts == ["<s>", "<pad>", "</s>", "<unk>", ".", "<mask>"])
      #expect(tokenizer.pieceText(-1) == nil)
      #expect(tokenizer.pieceText(24001) == nil)
      #expect(tokenizer.pieceText(Int32.max) == nil)
    }
  }
}
