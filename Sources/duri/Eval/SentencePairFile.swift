import Foundation

/// Pairs of sentences with people's scores, out of a file.
///
/// Tab-separated with a header that names a column `score` and sentence columns ending in 1 and 2
/// (`sentence1`, `ko_sentence2`); tab-separated without a header: score and two sentences; or a JSON array of
/// objects with `sentence1`, `sentence2` and `score` or `labels.label` (KLUE).
struct SentencePairFile {
  /// Two sentence columns of one file.
  struct Set {
    var name: String
    var pairs: [Pair]
  }

  struct Pair {
    var score: Double
    var first: String
    var second: String
  }

  /// - Parameters:
  ///   - columns: names, or numbers from 1, of the score and both sentences; nil finds them.
  ///   - limit: the first so many pairs; nil: all.
  /// - Returns: one set, or for a header with several languages one for each two of them.
  static func read(_ path: String, columns: [String]?, limit: Int?) throws -> [Set] {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw CommandError("\(path) cannot be read; check the name and the permissions")
    }
    let name = URL(fileURLWithPath: path).lastPathComponent
    if name.lowercased().hasSuffix(".json") {
      let pairs = try json(handle.readToEnd() ?? Data(), path)
      return [Set(name: name, pairs: Array(pairs.prefix(limit ?? .max)))]
    }
    let lines = LineReader(handle, name: path)
    var rows: [(number: Int, fields: [String])] = []
    var number = 0
    while rows.count <= limit ?? .max, let line = lines.next() {
      number += 1
      if line.isEmpty { continue }
      rows.append((number, line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)))
    }
    if lines.failed { throw CommandError("\(path) could not be read to its end") }
    guard let header = rows.first?.fields else { throw CommandError("\(path) has no lines") }
    let choices = try columns.map { [try chosen($0, header, path)] } ?? found(header, path)
    return try choices.map { choice in
      let hasHeader = choice.score >= header.count || Double(header[choice.score]) == nil
      let body = rows.dropFirst(hasHeader ? 1 : 0).prefix(limit ?? .max)
      return Set(
        name: choice.name.isEmpty ? name : "\(name) \(choice.name)",
        pairs: try body.map { try pair($0.fields, choice, "\(path):\($0.number)") })
    }
  }

  // MARK: Columns

  private struct Choice {
    var name = ""
    var score: Int
    var first: Int
    var second: Int
  }

  private static func chosen(_ columns: [String], _ header: [String], _ path: String) throws -> Choice {
    let places = try columns.map { column in
      if let place = header.firstIndex(of: column) { return place }
      guard let number = Int(column), header.indices.contains(number - 1) else {
        throw CommandError("\(path) has no column '\(column)': name one of its header, or give its number")
      }
      return number - 1
    }
    guard places.count == 3 else { throw CommandError("--columns needs three columns") }
    return Choice(score: places[0], first: places[1], second: places[2])
  }

  private static func found(_ header: [String], _ path: String) throws -> [Choice] {
    if header.count == 3, Double(header[0]) != nil { return [Choice(score: 0, first: 1, second: 2)] }
    var kinds: [(name: String, first: Int, second: Int)] = []
    for (first, column) in header.enumerated() where column.hasSuffix("1") {
      let stem = column.dropLast()
      if let second = header.firstIndex(of: stem + "2") { kinds.append((String(stem), first, second)) }
    }
    guard let score = header.firstIndex(of: "score"), !kinds.isEmpty else {
      throw CommandError(
        "\(path): no header with 'score', 'sentence1' and 'sentence2' was found; say which columns "
          + "they are, such as --columns 5,6,7")
    }
    if kinds.count == 1 { return [Choice(score: score, first: kinds[0].first, second: kinds[0].second)] }
    // The same kind twice first, then each with each other.
    let same = kinds.map {
      Choice(name: label($0.name, $0.name), score: score, first: $0.first, second: $0.second)
    }
    let mixed = kinds.flatMap { a in
      kinds.filter { $0.name != a.name }.map { b in
        Choice(name: label(a.name, b.name), score: score, first: a.first, second: b.second)
      }
    }
    return same + mixed
  }

  private static func label(_ first: String, _ second: String) -> String {
    func short(_ stem: String) -> String {
      stem.hasSuffix("_sentence") ? String(stem.dropLast("_sentence".count)) : stem
    }
    return "\(short(first))-\(short(second))"
  }

  // MARK: Rows

  private static func pair(_ fields: [String], _ choice: Choice, _ place: String) throws -> Pair {
    guard max(choice.score, choice.first, choice.second) < fields.count else {
      throw CommandError("\(place) has \(fields.count) columns, fewer than asked for")
    }
    guard let score = Double(fields[choice.score]), score.isFinite else {
      throw CommandError("\(place): the score is not a number")
    }
    return Pair(score: score, first: fields[choice.first], second: fields[choice.second])
  }

  private static func json(_ data: Data, _ path: String) throws -> [Pair] {
    guard let items = try? JSONSerialization.jsonObject(with: data) as? [[String: Any]] else {
      throw CommandError("\(path) is not a JSON array of objects")
    }
    return try items.enumerated().map { index, item in
      let score = item["score"] ?? (item["labels"] as? [String: Any])?["label"]
      guard let first = item["sentence1"] as? String, let second = item["sentence2"] as? String,
        let number = score as? NSNumber
      else {
        throw CommandError(
          "\(path): item \(index + 1) lacks sentence1, sentence2, or a number as score or labels.label")
      }
      return Pair(score: number.doubleValue, first: first, second: second)
    }
  }
}
