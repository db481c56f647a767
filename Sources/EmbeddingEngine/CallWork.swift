import Synchronization
import Tokenization

/// What a call wants computed, item by item, and where the results go.
enum CallWork: Sendable {
  typealias Vectors = @Sendable (Int, Result<Embedded, EngineError>) -> Void
  typealias Scores = @Sendable (Int, Result<Scored, EngineError>) -> Void

  case embed([EmbedInput], Vectors)
  case rerank(SharedQuery, passages: [String], Truncation, Scores)

  /// Items, each of which is one text to the scheduler.
  var count: Int {
    switch self {
    case .embed(let inputs, _): inputs.count
    case .rerank(_, let passages, _, _): passages.count
    }
  }

  /// What is to be tokenized for one item.
  func input(_ index: Int) -> TextInput {
    switch self {
    case .embed(let inputs, _): .text(inputs[index])
    case .rerank(let query, let passages, let truncation, _):
      .pair(query, passage: passages[index], truncation)
    }
  }

  /// What becomes of one item's row of the encoder's output.
  func output(_ index: Int) -> ItemOutput {
    switch self {
    case .embed(let inputs, let deliver):
      .vector(
        normalize: inputs[index].normalize, dimensions: inputs[index].dimensions, deliver)
    case .rerank(_, _, _, let deliver): .score(deliver)
    }
  }

  /// Delivers an error for one item.
  func fail(_ index: Int, _ error: EngineError) {
    switch self {
    case .embed(_, let deliver): deliver(index, .failure(error))
    case .rerank(_, _, _, let deliver): deliver(index, .failure(error))
    }
  }
}

/// What a thread tokenizes at a time.
enum TextInput: Sendable {
  case text(EmbedInput)
  case pair(SharedQuery, passage: String, Truncation)
}

/// How a row of the encoder's output is finished, and where it goes.
enum ItemOutput: Sendable {
  case vector(normalize: Bool, dimensions: Int?, CallWork.Vectors)
  case score(CallWork.Scores)

  func fail(_ index: Int, _ error: EngineError) {
    switch self {
    case .vector(_, _, let deliver): deliver(index, .failure(error))
    case .score(let deliver): deliver(index, .failure(error))
    }
  }
}

/// The query of a call, tokenized by the first thread that needs it; the others wait for it rather
/// than do the same work.
final class SharedQuery: Sendable {
  let text: String
  private let query = Mutex<Result<PairQuery, EngineError>?>(nil)

  init(_ text: String) {
    self.text = text
  }

  /// - Throws: `.invalidQuery`, or `.internalFailure` where the tokenizer itself fails.
  func prepared(by tokenizer: any Tokenizer) throws(EngineError) -> PairQuery {
    let result = query.withLock { known in
      if let known { return known }
      let made = Result { () throws(TokenizationError) in try tokenizer.prepareQuery(text) }
        .mapError { error in
          var fault = EngineError(error)
          if fault.code != .internalFailure {
            fault = EngineError(code: .invalidQuery, message: fault.message)
          }
          return fault
        }
      known = made
      return made
    }
    return try result.get()
  }
}
