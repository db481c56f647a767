import ModelFiles

/// Opens the tokenizer of a model folder.
public enum TokenizerLoader {
  /// The SentencePiece model is preferred where a folder has both files: `tokenizer.json` was made
  /// from it. A broken one is an error, not a reason to try the other file.
  public static func load(_ file: TokenizerFile) throws(TokenizationError) -> any Tokenizer {
    switch file {
    case .sentencePiece(let path, unigramJSON: _):
      try SentencePieceTokenizer(contentsOf: path)
    case .unigramJSON(let path):
      try SentencePieceTokenizer(unigramJSON: path)
    case .wordPiece(let path, let configuration):
      try WordPieceTokenizer(vocabulary: path, configuration: configuration)
    case .wordPieceJSON(let path, let configuration):
      try WordPieceTokenizer(json: path, configuration: configuration)
    }
  }
}
