import Foundation
import Retrieval

/// A collection of documents, queries and judgements in the layout of BEIR.
struct RetrievalCollection {
  struct Query {
    var id: String
    var text: String
    /// nil where its metadata has no `lang`.
    var language: String?
    /// Its metadata says `hard`.
    var isHard: Bool
  }

  var documents: [Document]
  var queries: [Query]
  /// Query id to judgements.
  var judgements: [String: Judgements]

  /// - Parameters:
  ///   - folder: with `corpus.jsonl`, `queries.jsonl` and `qrels/`.
  ///   - split: which `qrels/<split>.tsv`; nil: `test`, or the only one there is.
  ///   - limit: the first so many queries that have judgements; nil: all.
  init(folder: String, split: String?, limit: Int?) throws {
    let path = try Self.judgementPath(folder, split)
    do {
      judgements = try JudgementFile.parse(String(contentsOfFile: path, encoding: .utf8))
    } catch let error as RetrievalError {
      throw CommandError("\(path): \(error.message)")
    } catch {
      throw CommandError("\(path) cannot be read as UTF-8 text")
    }
    documents = try Self.lines(folder + "/corpus.jsonl")
    let judgements = judgements
    queries = try Self.lines(folder + "/queries.jsonl")
      .filter { judgements[$0.id]?.values.contains { $0 > 0 } == true }
      .prefix(limit ?? .max)
      .map {
        Query(
          id: $0.id, text: $0.text, language: $0.language, isHard: $0.metadata["hard"] == .bool(true))
      }
    guard !documents.isEmpty else { throw CommandError("\(folder)/corpus.jsonl has no documents") }
    guard !queries.isEmpty else {
      throw CommandError("no query of \(folder)/queries.jsonl has a relevant document in \(path)")
    }
  }

  private static func judgementPath(_ folder: String, _ split: String?) throws -> String {
    let qrels = folder + "/qrels"
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: qrels)) ?? [])
      .filter { $0.hasSuffix(".tsv") }.map { String($0.dropLast(4)) }.sorted()
    guard !names.isEmpty else {
      throw CommandError(
        "\(qrels) holds no .tsv file; the folder needs corpus.jsonl, queries.jsonl and qrels/test.tsv")
    }
    let wanted = split ?? (names.count == 1 ? names[0] : "test")
    guard names.contains(wanted) else {
      throw CommandError(
        "\(qrels) has no \(wanted).tsv; give --split with one of \(names.joined(separator: ", "))")
    }
    return "\(qrels)/\(wanted).tsv"
  }

  private static func lines(_ path: String) throws -> [Document] {
    guard let handle = FileHandle(forReadingAtPath: path) else {
      throw CommandError("\(path) cannot be read; the folder needs corpus.jsonl, queries.jsonl and qrels/")
    }
    let reader = LineReader(handle, name: path)
    var documents: [Document] = []
    var number = 0
    while let line = reader.next() {
      number += 1
      if line.allSatisfy(\.isWhitespace) { continue }
      do {
        documents.append(try DocumentLine(json: Data(line.utf8)).document)
      } catch {
        throw CommandError("\(path):\(number) \(error.message)")
      }
    }
    if reader.failed { throw CommandError("\(path) could not be read to its end") }
    return documents
  }
}

extension Document {
  /// Its metadata's `lang`.
  var language: String? {
    if case .string(let language) = metadata["lang"] { language } else { nil }
  }

  /// What is read of a document: its title, if any, and its text.
  var read: String { title.isEmpty ? text : "\(title)\n\(text)" }
}

/// Which queries look among which documents.
struct SearchDirection {
  var name: String
  /// nil: any.
  var queries: String?
  /// nil: any.
  var documents: String?

  /// `ko-en` (Korean queries, English documents) or `all`; nil for anything else.
  init?(_ name: String) {
    self.name = name
    if name == "all" { return }
    let parts = name.split(separator: "-", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !parts.contains("") else { return nil }
    (queries, documents) = (parts[0], parts[1])
  }
}
