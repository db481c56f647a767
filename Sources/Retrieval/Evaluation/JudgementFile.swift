import Foundation

/// Judgements as BEIR collections keep them (`qrels/test.tsv`).
public enum JudgementFile {
  /// Reads lines of query id, document id and grade, separated by tabs, after a header
  /// `query-id corpus-id score`. Empty lines are passed over; of a pair given twice the last grade counts.
  ///
  /// - Returns: query id to its judgements.
  /// - Throws: `invalidArgument` naming the line and what is wrong with it.
  public static func parse(_ text: String) throws(RetrievalError) -> [String: Judgements] {
    var judgements: [String: Judgements] = [:]
    // By bytes: CR LF is one character of a Swift string.
    let lines = text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    for (index, bytes) in lines.enumerated() {
      let line = bytes.last == UInt8(ascii: "\r") ? bytes.dropLast() : bytes
      if line.isEmpty { continue }
      let fields = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
        .map { String(Substring($0)) }
      guard fields.count >= 3 else {
        throw RetrievalError(
          .invalidArgument,
          "line \(index + 1) has \(fields.count) columns; it needs query id, document id and grade, "
            + "separated by tabs")
      }
      guard let grade = Int(fields[2]) ?? Double(fields[2]).flatMap({ Int(exactly: $0) }) else {
        if index == 0 { continue }
        throw RetrievalError(
          .invalidArgument, "line \(index + 1): the grade in the third column is not a whole number")
      }
      judgements[fields[0], default: [:]][fields[1]] = grade
    }
    return judgements
  }
}
