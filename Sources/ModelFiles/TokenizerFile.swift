/// Which file a folder's tokenizer is to be loaded from.
public enum TokenizerFile: Sendable, Equatable {
  /// A SentencePiece model. `unigramJSON` is the `tokenizer.json` beside it, when there is one; it
  /// has not been opened.
  case sentencePiece(path: String, unigramJSON: String?)
  /// A `tokenizer.json` whose `model.type` is `Unigram`.
  case unigramJSON(path: String)
  /// A WordPiece `vocab.txt`. `configuration` is the `tokenizer_config.json` beside it, when there
  /// is one; neither has been opened.
  case wordPiece(path: String, configuration: String?)
  /// A `tokenizer.json` whose `model.type` is `WordPiece`; `configuration` as for a `vocab.txt`.
  case wordPieceJSON(path: String, configuration: String?)
}

extension TokenizerFile {
  /// Names a SentencePiece model goes by, in the order they are tried.
  static let sentencePieceNames = [
    "sentencepiece.bpe.model", "spiece.model", "tokenizer.model",
  ]
  static let jsonName = "tokenizer.json"
  static let wordPieceName = "vocab.txt"
  /// Largest `tokenizer.json` that is opened, in bytes; real ones have up to about 20 MB.
  static let jsonLimit = 128 << 20

  /// - Throws: ``ModelFilesError``: `unsupported` for byte-level BPE, `notFound` naming the files
  ///   that would do.
  static func find(in folder: String) throws(ModelFilesError) -> TokenizerFile {
    let json = FileAccess.join(folder, jsonName)
    let hasJSON = FileAccess.isFile(json)
    for name in sentencePieceNames {
      let path = FileAccess.join(folder, name)
      if FileAccess.isFile(path) {
        return .sentencePiece(path: path, unigramJSON: hasJSON ? json : nil)
      }
    }
    let settings = FileAccess.join(folder, LengthFiles.tokenizerName)
    let configuration = FileAccess.isFile(settings) ? settings : nil
    if hasJSON {
      switch try modelType(of: json) {
      case "Unigram": return .unigramJSON(path: json)
      case "WordPiece": return .wordPieceJSON(path: json, configuration: configuration)
      case let type:
        throw ModelFilesError(
          code: .unsupported, file: json, key: "model/type",
          message: "is '\(type)'; only SentencePiece (type 'Unigram') and WordPiece tokenizers are "
            + "supported")
      }
    }
    let wordPiece = FileAccess.join(folder, wordPieceName)
    if FileAccess.isFile(wordPiece) {
      return .wordPiece(path: wordPiece, configuration: configuration)
    }
    let byteLevel = FileAccess.join(folder, "merges.txt")
    if FileAccess.isFile(byteLevel) {
      throw ModelFilesError(
        code: .unsupported, file: byteLevel,
        message: "belongs to a byte-level BPE tokenizer; only SentencePiece and WordPiece "
          + "tokenizers are supported")
    }
    let accepted = (sentencePieceNames + [jsonName, wordPieceName]).joined(separator: ", ")
    throw ModelFilesError(
      code: .notFound, file: folder, message: "has no tokenizer; one of \(accepted) is needed")
  }

  /// Reads only `model.type`; the vocabulary is skipped over, not built.
  private static func modelType(of path: String) throws(ModelFilesError) -> String {
    struct Document: Decodable {
      struct Model: Decodable {
        let type: String
      }
      let model: Model
    }
    return try JSONFile.decode(Document.self, path: path, limit: jsonLimit).model.type
  }
}
