extension Tokenizer {
  /// Tokenizes the query of a number of pairs.
  ///
  /// - Throws: `noTokens` for a query without pieces; what `pieces(of:)` throws.
  public func prepareQuery(_ text: String) throws(TokenizationError) -> PairQuery {
    let found = try pieces(of: text)
    guard !found.ids.isEmpty else {
      throw TokenizationError(
        code: .noTokens, message: "the query is empty or whitespace only; it has no tokens")
    }
    return PairQuery(pieces: found, byteCount: text.utf8.count)
  }

  /// Frames a query and a passage as one input of at most `maximumTokens`.
  ///
  /// Each text is tokenized for itself. A pair that is too long is cut as the tokenizers library
  /// does it with `longest_first`: the longer text gives way until both are as long, then both do
  /// (see ``pairLengths(query:passage:room:)``).
  ///
  /// - Parameters:
  ///   - maximumTokens: limit on the tokens of both texts, special tokens included.
  ///   - truncation: what to do above the limit. `.end` keeps the beginning of each text, `.start`
  ///     its tail; special tokens survive both.
  /// - Throws: `noTokens` for a passage without pieces; `tooLong` for a pair above the limit with
  ///   `.error`, or if the limit leaves no room for a piece of each text; `unsupportedModel` if this
  ///   tokenizer frames no pairs.
  public func preparePair(
    _ query: PairQuery, _ passage: String, maximumTokens: Int, truncation: Truncation
  ) throws(TokenizationError) -> PreparedPair {
    guard let frame = pairFrame else {
      throw TokenizationError(
        code: .unsupportedModel,
        message: "this model's tokenizer frames no pairs of texts; use the tokenizer files that "
          + "the reranker was published with")
    }
    let found = try pieces(of: passage)
    let count = found.ids.count
    guard count > 0 else {
      throw TokenizationError(
        code: .noTokens, message: "the passage is empty or whitespace only; it has no tokens")
    }
    let queryCount = query.pieces.ids.count
    let total = queryCount + count + frame.specialTokens
    var used = (query: queryCount, passage: count)
    if total > maximumTokens {
      guard truncation != .error else {
        throw TokenizationError(
          code: .tooLong,
          message: "query and passage have \(total) tokens together, but at most \(maximumTokens) "
            + "are allowed; shorten them, or allow truncation at their ends or starts")
      }
      // Not "maximumTokens - specialTokens": a limit may be any number.
      guard maximumTokens >= frame.specialTokens + 2 else {
        throw TokenizationError(
          code: .tooLong,
          message: "a limit of \(maximumTokens) tokens leaves no room for a pair of texts: special "
            + "tokens alone take \(frame.specialTokens); raise it to \(frame.specialTokens + 2) or "
            + "more")
      }
      used = Self.pairLengths(
        query: queryCount, passage: count, room: maximumTokens - frame.specialTokens)
    }

    let queryPart = query.pieces.part(used.query, truncation, byteCount: query.byteCount)
    let passagePart = found.part(used.passage, truncation, byteCount: passage.utf8.count)
    var ids: [Int32] = []
    ids.reserveCapacity(used.query + used.passage + frame.specialTokens)
    ids.append(specialTokens.begin)
    ids.append(contentsOf: query.pieces.ids[queryPart.pieces])
    for _ in 0..<frame.separators { ids.append(specialTokens.end) }
    let secondStart = ids.count
    ids.append(contentsOf: found.ids[passagePart.pieces])
    ids.append(specialTokens.end)
    return PreparedPair(
      ids: ids, secondStart: frame.marksSecond ? secondStart : nil, queryKept: queryPart.bytes,
      receipt: Receipt(
        tokens: total, tokensUsed: ids.count, kept: passagePart.bytes,
        truncated: total > maximumTokens, normalizationChanged: found.normalizationChanged,
        unknownPieces: found.unknownCount, prefix: "", prefixAlreadyPresent: false))
  }

  /// How many pieces of each text stay, room ≥ 2 for both together.
  ///
  /// If the shorter one takes less than half of the room, the longer one gets the rest; else the
  /// shorter one gets half, rounded down, and the longer one the other half. Of texts of equal
  /// length the passage counts as the longer one.
  static func pairLengths(
    query: Int, passage: Int, room: Int
  ) -> (query: Int, passage: Int) {
    let queryIsLonger = query > passage
    var shorter = min(query, passage)
    var longer = shorter > room ? shorter : max(shorter, room - shorter)
    if shorter + longer > room {
      shorter = room / 2
      longer = shorter + room % 2
    }
    return queryIsLonger ? (longer, shorter) : (shorter, longer)
  }
}

extension Pieces {
  /// The first or, with `.start`, the last `count` pieces, and the bytes they come from.
  ///
  /// - Parameters:
  ///   - count: at least 1, at most as many as there are.
  ///   - byteCount: bytes of the text: all of them are seen when all pieces are.
  fileprivate func part(
    _ count: Int, _ truncation: Truncation, byteCount: Int
  ) -> (pieces: Range<Int>, bytes: Range<Int>) {
    guard count < ids.count else { return (0..<ids.count, 0..<byteCount) }
    if truncation == .start {
      let first = ids.count - count
      return (first..<ids.count, ranges[first].lowerBound..<byteCount)
    }
    return (0..<count, 0..<ranges[count - 1].upperBound)
  }
}
