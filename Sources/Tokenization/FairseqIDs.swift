/// The one mapping between SentencePiece's ids and those of the model (fairseq's, as Hugging Face
/// has them).
///
/// | token | SentencePiece | model |
/// |---|---|---|
/// | `<unk>` | 0 | 3 |
/// | `<s>` | 1 | 0 |
/// | `</s>` | 2 | 2 |
/// | piece i ≥ 3 | i | i + 1 |
/// | `<pad>` | – | 1 |
/// | `<mask>` | – | number of SentencePiece's ids + 1 |
///
/// It is not "plus one": that would turn unknown pieces into padding.
enum FairseqIDs {
  static let begin: Int32 = 0
  static let pad: Int32 = 1
  static let end: Int32 = 2
  static let unknown: Int32 = 3

  static let sentencePieceUnknown: Int32 = 0
  private static let sentencePieceBegin: Int32 = 1
  private static let sentencePieceEnd: Int32 = 2

  static func mask(sentencePieceSize: Int32) -> Int32 { sentencePieceSize + 1 }

  /// - Parameter id: one of the library's ids, 0 ..< 2^24.
  static func modelID(sentencePiece id: Int32) -> Int32 {
    switch id {
    case sentencePieceUnknown: unknown
    case sentencePieceBegin: begin
    case sentencePieceEnd: end
    default: id + 1
    }
  }

  /// Nil for `<pad>`, `<mask>` and ids out of range: SentencePiece has none for them.
  static func sentencePieceID(model id: Int32, sentencePieceSize: Int32) -> Int32? {
    switch id {
    case begin: sentencePieceBegin
    case end: sentencePieceEnd
    case unknown: sentencePieceUnknown
    case (unknown + 1)..<max(unknown + 1, sentencePieceSize + 1): id - 1
    default: nil
    }
  }
}
