import Tokenization

/// A text or pair with its ids, waiting for a worker.
struct Prepared: Sendable {
  /// Special tokens included: 1 to `maximumTokens` of them.
  let ids: [Int32]
  let receipt: Receipt
  /// Index of the first token of type 1; nil if there is none.
  var secondStart: Int?
  /// Bytes of a pair's query that the model sees.
  var queryKept = 0..<0
}

/// Texts and pairs to ids within the model's limits. One value is shared by all threads.
struct TextPreparer: Sendable {
  let tokenizer: any Tokenizer
  /// Longest text, special tokens and prefix included.
  let maximumTokens: Int
  /// Components of one vector.
  let dimension: Int
  /// Rows of the model's token-type table. Where there is one only, no token is marked: XLM-R knows
  /// no types, whatever its tokenizer says.
  var tokenTypeRows = 1

  /// Tokens a call's texts cost before they are tokenized: a token covers at least one byte (two
  /// more for the special tokens, or four), and no more than `maximumTokens` are ever computed.
  func estimatedTokens(_ work: CallWork) -> [Int] {
    switch work {
    case .embed(let inputs, _):
      return inputs.map { min($0.text.utf8.count + $0.prefix.utf8.count + 2, maximumTokens) }
    case .rerank(let query, let passages, _, _):
      let perPair = query.text.utf8.count + 4
      return passages.map { min($0.utf8.count + perPair, maximumTokens) }
    }
  }

  func prepare(_ input: TextInput) throws(EngineError) -> Prepared {
    switch input {
    case .text(let input): try prepare(input)
    case .pair(let query, let passage, let truncation): try prepare(query, passage, truncation)
    }
  }

  private func prepare(
    _ query: SharedQuery, _ passage: String, _ truncation: Truncation
  ) throws(EngineError) -> Prepared {
    let query = try query.prepared(by: tokenizer)
    do throws(TokenizationError) {
      let pair = try tokenizer.preparePair(
        query, passage, maximumTokens: maximumTokens, truncation: truncation)
      return Prepared(
        ids: try checked(pair.ids), receipt: pair.receipt,
        secondStart: tokenTypeRows > 1 ? pair.secondStart : nil, queryKept: pair.queryKept)
    } catch {
      throw EngineError(error)
    }
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
      return Prepared(ids: try checked(text.ids), receipt: text.receipt)
    } catch {
      throw EngineError(error)
    }
  }

  private func checked(_ ids: [Int32]) throws(TokenizationError) -> [Int32] {
    guard !ids.isEmpty, ids.count <= maximumTokens else {
      throw TokenizationError(
        code: .internalFailure,
        message: "the tokenizer gave \(ids.count) tokens; 1 to \(maximumTokens) fit")
    }
    return ids
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
