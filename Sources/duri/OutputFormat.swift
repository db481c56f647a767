import ArgumentParser
import Foundation

/// How vectors are written.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
  case jsonl, npy

  /// - Parameter path: nil is stdout.
  /// - Throws: ``CommandError`` if the file cannot be made.
  func writer(to path: String?) throws -> any VectorWriter {
    let output = try outputFile(path)
    switch self {
    case .jsonl: return JSONLinesWriter(output)
    case .npy: return try NPYWriter(output)
    }
  }
}

/// Takes results in order.
protocol VectorWriter {
  mutating func write(_ result: EmbedResult, index: Int) throws
  mutating func finish() throws
}

/// An empty file to write to; nil is stdout.
func outputFile(_ path: String?) throws -> FileHandle {
  guard let path else { return .standardOutput }
  guard FileManager.default.createFile(atPath: path, contents: nil),
    let handle = FileHandle(forWritingAtPath: path)
  else { throw CommandError("\(path) cannot be written; check the folder and its permissions") }
  return handle
}
