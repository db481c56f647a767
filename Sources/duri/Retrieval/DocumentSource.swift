import Foundation
import Retrieval

/// The documents a command is given: lines of `.jsonl` files, passages of `.txt` and `.md` files, folders of them.
struct DocumentSource {
  let arguments: [String]
  var splitter = PassageSplitter()

  /// What a file yields.
  enum Item {
    case document(DocumentLine)
    /// A line that is no document; the message names file and line.
    case fault(String)
  }

  fileprivate static let textEndings = ["txt", "md", "markdown"]
  fileprivate static let lineEndings = ["jsonl", "ndjson"]

  func makeIterator() -> Iterator { Iterator(arguments: arguments[...], splitter: splitter) }

  /// Reads file after file, in the order of the names, as items are asked for.
  struct Iterator {
    fileprivate var arguments: ArraySlice<String>
    fileprivate let splitter: PassageSplitter
    /// Of several arguments two may have files of one name.
    private let isAlone: Bool
    private var files: ArraySlice<File> = []
    private var lines: LineReader?
    private var lineNumber = 0
    private var passages: ArraySlice<DocumentLine> = []

    fileprivate init(arguments: ArraySlice<String>, splitter: PassageSplitter) {
      self.arguments = arguments
      self.splitter = splitter
      isAlone = arguments.count == 1
    }

    /// - Throws: ``CommandError`` for a file that cannot be read.
    mutating func next() throws -> Item? {
      while true {
        if let passage = passages.popFirst() { return .document(passage) }
        if let item = try nextLine() { return item }
        if let file = files.popFirst() {
          try open(file)
        } else if let argument = arguments.popFirst() {
          if argument == "-" {
            read(LineReader(.standardInput, name: "standard input"))
          } else {
            files = try DocumentSource.files(argument, isAlone: isAlone)[...]
          }
        } else {
          return nil
        }
      }
    }

    private mutating func read(_ reader: LineReader) {
      lines = reader
      lineNumber = 0
    }

    private mutating func nextLine() throws -> Item? {
      guard let reader = lines else { return nil }
      while let line = reader.next() {
        lineNumber += 1
        if line.allSatisfy(\.isWhitespace) { continue }
        do {
          return .document(try DocumentLine(json: Data(line.utf8)))
        } catch {
          return .fault("\(reader.name):\(lineNumber): \(error.message)")
        }
      }
      if reader.failed { throw CommandError("\(reader.name) could not be read to its end") }
      lines = nil
      return nil
    }

    private mutating func open(_ file: File) throws {
      guard let handle = FileHandle(forReadingAtPath: file.path) else {
        throw CommandError("\(file.path) cannot be read; check its permissions")
      }
      if DocumentSource.lineEndings.contains(DocumentSource.ending(file.path)) {
        read(LineReader(handle, name: file.path))
        return
      }
      let text = String(decoding: try handle.readToEnd() ?? Data(), as: UTF8.self)
      let texts = splitter.passages(of: text)
      passages = texts.enumerated().map { number, passage in
        DocumentLine(
          document: Document(
            id: texts.count == 1 ? file.name : "\(file.name)#\(number + 1)", text: passage,
            metadata: [
              "file": .string(file.name), "passage": .number(Double(number + 1)),
            ]))
      }[...]
    }
  }

  /// A file by its path, and the name its documents go by.
  fileprivate struct File {
    var path: String
    var name: String
  }

  /// Path and name of a file, or of all readable files in a folder and its subfolders.
  ///
  /// - Parameter isAlone: whether names need not tell which argument the files are of.
  fileprivate static func files(_ argument: String, isAlone: Bool) throws -> [File] {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: argument, isDirectory: &isFolder) else {
      throw CommandError("\(argument) does not exist; name a file or a folder, or - for standard input")
    }
    guard isFolder.boolValue else {
      let name = isAlone ? URL(fileURLWithPath: argument).lastPathComponent : argument
      return [File(path: argument, name: name)]
    }
    let known = textEndings + lineEndings
    let names = (FileManager.default.enumerator(atPath: argument)?.compactMap { $0 as? String } ?? [])
      .filter { known.contains(ending($0)) }.sorted()
    guard !names.isEmpty else {
      throw CommandError("\(argument) holds no \(known.map { ".\($0)" }.joined(separator: ", ")) file")
    }
    return names.map { name in
      let path = argument + (argument.hasSuffix("/") ? "" : "/") + name
      return File(path: path, name: isAlone ? name : path)
    }
  }

  fileprivate static func ending(_ path: String) -> String {
    URL(fileURLWithPath: path).pathExtension.lowercased()
  }
}
