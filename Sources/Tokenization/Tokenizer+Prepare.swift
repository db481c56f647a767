extension Tokenizer {
  /// Turns prefix + text into ids framed by `<s>` and `</s>`, at most `maximumTokens` of them.
  ///
  /// Prefix and text are tokenized as one string, as sentence-transformers does. A text that starts
  /// with the very bytes of the prefix is not given it twice; its ranges and `kept` then refer to
  /// the text as given, prefix included.
  ///
  /// - Parameters:
  ///   - prefix: what the model wants before the text, such as "query: "; "" for nothing.
  ///   - maximumTokens: limit on the tokens, special tokens and prefix included.
  ///   - truncation: what to do above the limit. `.end` keeps the beginning of the text; `.start`
  ///     keeps the prefix and the tail; `</s>` survives both.
  /// - Throws: `noTokens` for a text without pieces of its own; `tooLong` for a text above the
  ///   limit with `.error`, or if the limit leaves no room for any of it after prefix and special
  ///   tokens.
  public func prepare(
    _ text: String, prefix: String, maximumTokens: Int, truncation: Truncation
  ) throws(TokenizationError) -> PreparedText {
    let textBytes = text.utf8.count
    let prefixBytes = prefix.utf8.count
    // Bytes, not String.hasPrefix: canonically equal is not the same prefix to a model.
    let alreadyPresent = prefixBytes > 0 && text.utf8.starts(with: prefix.utf8)
    let addedBytes = alreadyPresent ? 0 : prefixBytes
    let whole = addedBytes == 0 ? text : prefix + text
    let found = try pieces(of: whole, reportingChangesFrom: addedBytes)

    let count = found.ids.count
    let prefixPieces = found.ranges.prefix {
      $0.upperBound <= prefixBytes && $0.lowerBound < prefixBytes
    }.count
    guard prefixPieces < count else {
      throw TokenizationError(
        code: .noTokens, message: "the text is empty or whitespace only; it has no tokens")
    }

    // A text that ends up cut keeps the pieces of `head` and `tail`.
    var head = 0..<count
    var tail = count..<count
    let total = count + Self.specialTokensPerText
    let truncated = total > maximumTokens
    if truncated {
      let room = try roomForText(
        total: total, prefixPieces: prefixPieces, maximumTokens: maximumTokens,
        truncation: truncation)
      switch truncation {
      case .start:
        head = 0..<prefixPieces
        tail = (count - room)..<count
      case .end, .error: head = 0..<(prefixPieces + room)
      }
    }

    func inText(_ range: Range<Int>) -> Range<Int> {
      max(0, range.lowerBound - addedBytes)..<max(0, range.upperBound - addedBytes)
    }
    var kept = 0..<textBytes
    if truncated {
      kept =
        tail.isEmpty
        ? 0..<inText(found.ranges[head.upperBound - 1]).upperBound
        : inText(found.ranges[tail.lowerBound]).lowerBound..<textBytes
    }

    let used = head.count + tail.count + Self.specialTokensPerText
    var ids: [Int32] = []
    var ranges: [Range<Int>] = []
    ids.reserveCapacity(used)
    ranges.reserveCapacity(used)
    ids.append(specialTokens.begin)
    ranges.append(0..<0)
    for part in [head, tail] {
      ids.append(contentsOf: found.ids[part])
      for range in found.ranges[part] { ranges.append(inText(range)) }
    }
    ids.append(specialTokens.end)
    ranges.append(kept.upperBound..<kept.upperBound)

    return PreparedText(
      ids: ids, ranges: ranges,
      receipt: Receipt(
        tokens: total, tokensUsed: used, kept: kept, truncated: truncated,
        normalizationChanged: found.normalizationChanged, unknownPieces: found.unknownCount,
        prefix: prefix, prefixAlreadyPresent: alreadyPresent))
  }

  /// `<s>` and `</s>`.
  private static var specialTokensPerText: Int { 2 }

  /// How many pieces of the text itself fit; at least one.
  private func roomForText(
    total: Int, prefixPieces: Int, maximumTokens: Int, truncation: Truncation
  ) throws(TokenizationError) -> Int {
    guard truncation != .error else {
      throw TokenizationError(
        code: .tooLong,
        message: "the text has \(total) tokens, but at most \(maximumTokens) are allowed; "
          + "shorten it, or allow truncation at its end or start")
    }
    let reserved = prefixPieces + Self.specialTokensPerText
    guard maximumTokens > reserved else {
      throw TokenizationError(
        code: .tooLong,
        message: "a limit of \(maximumTokens) tokens leaves no room for the text: prefix and "
          + "special tokens alone take \(reserved); raise it to \(reserved + 1) or more")
    }
    return maximumTokens - reserved
  }
}
