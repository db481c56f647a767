import Foundation

/// The texts a command is given: words of the command line, lines of files, lines of stdin.
///
/// An argument that names an existing file is read line by line, `-` is stdin, anything else is a text itself. Files are
/// read as they are consumed, so their size does not matter.
struct TextSource {
  private let arguments: [String]
  private let areTexts: Bool

  /// Words of the command line.
  init(arguments: [String]) {
    self.arguments = arguments
    areTexts = false
  }

  /// Texts that were read already; none of them is taken for a file or stdin.
  init(texts: [String]) {
    arguments = texts
    areTexts = true
  }

  func makeIterator() -> Iterator { Iterator(arguments: arguments, areTexts: areTexts) }

  /// - Note: `failure` says afterwards whether a file could not be read to its end.
  struct Iterator: IteratorProtocol {
    private var arguments: ArraySlice<String>
    private let areTexts: Bool
    private var lines: LineReader?
    private(set) var failure: CommandError?

    fileprivate init(arguments: [String], areTexts: Bool) {
      self.arguments = arguments[...]
      self.areTexts = areTexts
    }

    mutating func next() -> String? {
      while true {
        if let line = lines?.next() { return line }
        if let reader = lines, reader.failed {
          failure = CommandError("\(reader.name) could not be read to its end")
          return nil
        }
        lines = nil
        guard let argument = arguments.popFirst() else { return nil }
        if areTexts {
          return argument
        } else if argument == "-" {
          lines = LineReader(FileHandle.standardInput, name: "standard input")
        } else if isFile(argument) {
          guard let handle = FileHandle(forReadingAtPath: argument) else {
            failure = CommandError("\(argument) cannot be read; check its permissions")
            return nil
          }
          lines = LineReader(handle, name: argument)
        } else {
          return argument
        }
      }
    }

    /// Up to `count` texts; fewer only at the end.
    mutating func next(_ count: Int) -> [String] {
      var texts: [String] = []
      while texts.count < count, let text = next() { texts.append(text) }
      return texts
    }

    private func isFile(_ path: String) -> Bool {
      var isFolder: ObjCBool = false
      return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        && !isFolder.boolValue
    }
  }
}

/// Lines of a file, without their ends (LF or CR LF); bytes that are not UTF-8 become U+FFFD.
final class LineReader {
  let name: String
  private(set) var failed = false
  private let handle: FileHandle
  private var buffer = Data()
  private var isAtEnd = false

  init(_ handle: FileHandle, name: String) {
    self.handle = handle
    self.name = name
  }

  func next() -> String? {
    var searched = 0
    while true {
      let begin = buffer.startIndex
      if let newline = buffer[(begin + searched)...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { buffer = buffer[(newline + 1)...] }
        return text(buffer[begin..<newline])
      }
      searched = buffer.count
      if isAtEnd {
        guard !buffer.isEmpty else { return nil }
        defer { buffer = Data() }
        return text(buffer)
      }
      do {
        let chunk = try handle.read(upToCount: 1 << 18) ?? Data()
        isAtEnd = chunk.isEmpty
        // Rebasing keeps the slice from holding on to everything read before.
        buffer = Data(buffer) + chunk
      } catch {
        failed = true
        isAtEnd = true
        buffer = Data()
      }
    }
  }

  private func text(_ line: Data) -> String {
    let bytes = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
    return String(decoding: bytes, as: UTF8.self)
  }
}
