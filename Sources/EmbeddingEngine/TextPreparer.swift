import Tokenization

/// A text with its ids, waiting for a worker.
struct Prepared: Sendable {
  /// Special tokens included: 1 to `maximumTokens` of them.
  let ids: [Int32]
  let receipt: Receipt
}

/// Text to ids within the model's limits. One value is shared by all threads.
struct TextPreparer: Sendable {
  let tokenizer: any Tokenizer
  /// Longest text, special tokens and prefix included.
  let maximumTokens: Int
  /// Components of one vector.
  let dimension: Int

  /// Tokens a text costs before it is tokenized: a token covers at least one byte (two more for the
  /// special tokens), and no more than `maximumTokens` are ever computed.
  func estimatedTokens(_ input: EmbedInput) -> Int {
    min(input.text.utf8.count + input.prefix.utf8.count + 2, maximumTokens)
  }

  func prepare(_ input: EmbedInput) throws(EngineError) -> Prepared {
    if let dimensions = input.dimensions, !(1...max(1, dimension)).contains(dimensions) {
      throw EngineError(
        code: .internalFailure,
        message: "dimensions is \(dimensions); this model has 1 to \(dimension)")
    }
    do throws(TokenizationError) {
      let text = try tokenizer.prepare(
        input.text, prefix: input.prefix, maximumTokens: maximumTokens,
        truncation: input.truncation)
      guard !text.ids.isEmpty, text.ids.count <= maximumTokens else {
        throw TokenizationError(
          code: .internalFailure,
          message: "the tokenizer gave \(text.ids.count) tokens; 1 to \(maximumTokens) fit")
      }
      return Prepared(ids: text.ids, receipt: text.receipt)
    } catch {
      throw EngineError(error)
    }
  }
}

extension EngineError {
  init(_ error: TokenizationError) {
    let code: Code =
      switch error.code {
      case .noTokens: .invalidText
      case .tooLong: .textTooLong
      case .unreadableModel, .unsupportedModel, .internalFailure: .internalFailure
      }
    self.init(code: code, message: error.message)
  }
}
