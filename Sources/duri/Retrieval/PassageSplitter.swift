/// Cuts a long text into passages that a model can read whole.
///
/// Paragraphs (separated by blank lines) are kept together up to `limit` characters; a longer paragraph is cut after a
/// sentence, or after a word where no sentence ends.
struct PassageSplitter {
  /// Characters a passage; 800 are about 200 to 400 tokens of Korean or English.
  var limit = 800

  func passages(of text: String) -> [String] {
    var passages: [String] = []
    var current = ""
    for paragraph in paragraphs(of: text) {
      for piece in pieces(of: paragraph) {
        if !current.isEmpty, current.count + piece.count + 2 > limit {
          passages.append(current)
          current = ""
        }
        current += current.isEmpty ? piece : "\n\n" + piece
      }
    }
    if !current.isEmpty { passages.append(current) }
    return passages
  }

  private func paragraphs(of text: String) -> [Substring] {
    var paragraphs: [Substring] = []
    var start: String.Index?
    var end = text.startIndex
    for line in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
      if line.allSatisfy(\.isWhitespace) {
        if let begun = start { paragraphs.append(text[begun..<end]) }
        start = nil
      } else {
        if start == nil { start = line.startIndex }
        end = line.endIndex
      }
    }
    if let begun = start { paragraphs.append(text[begun..<end]) }
    return paragraphs
  }

  private func pieces(of paragraph: Substring) -> [Substring] {
    var rest = paragraph
    var pieces: [Substring] = []
    // Counting all that is left, piece after piece, would take a time in the square of it.
    while let limitEnd = rest.index(rest.startIndex, offsetBy: limit, limitedBy: rest.endIndex),
      limitEnd < rest.endIndex
    {
      let window = rest[..<limitEnd]
      let cut =
        window.lastIndex { ".!?。！？…\n".contains($0) }.map(window.index(after:))
        ?? window.lastIndex(where: \.isWhitespace)
      // A cut at the very beginning would make no progress.
      let end = cut.flatMap { $0 > window.startIndex ? $0 : nil } ?? window.endIndex
      pieces.append(rest[..<end])
      rest = rest[end...].drop(while: \.isWhitespace)
    }
    if !rest.isEmpty { pieces.append(rest) }
    return pieces
  }
}
