import Foundation
import HummingbirdCore
import NIOCore
import Service
import WireFormats

/// Splits a streamed body into documents, one a line.
final class DocumentLines: @unchecked Sendable {
  // One task at a time holds it: the reading task of an upsert, which is started anew only when it has ended.

  /// A line: a document, or why it is none.
  typealias Line = Result<IncomingDocument, ServiceError>

  private var parts: RequestBody.AsyncIterator
  private let maximumLineBytes: Int
  /// The beginning of a line whose end has not come.
  private var rest = Data()
  /// The present line is over the limit; what comes of it is thrown away.
  private var isOverlong = false
  private var hasEnded = false

  init(_ body: RequestBody, maximumLineBytes: Int) {
    parts = body.makeAsyncIterator()
    self.maximumLineBytes = maximumLineBytes
  }

  /// The lines that came with the next piece of the body, at least one; nil after the last.
  func next() async throws -> [Line]? {
    while !hasEnded {
      var lines: [Line] = []
      if let part = try await parts.next() {
        split(part, into: &lines)
      } else {
        hasEnded = true
        finishLine(Data(), into: &lines)
      }
      if !lines.isEmpty { return lines }
    }
    return nil
  }

  private func split(_ part: ByteBuffer, into lines: inout [Line]) {
    var view = part.readableBytesView
    while let end = view.firstIndex(of: UInt8(ascii: "\n")) {
      finishLine(view[..<end], into: &lines)
      view = view[(end + 1)...]
    }
    if rest.count + view.count > maximumLineBytes {
      isOverlong = true
      rest = Data()
    } else if !isOverlong {
      rest.append(contentsOf: view)
    }
  }

  private func finishLine(_ end: some Collection<UInt8>, into lines: inout [Line]) {
    defer {
      rest = Data()
      isOverlong = false
    }
    guard !isOverlong, rest.count + end.count <= maximumLineBytes else {
      lines.append(
        .failure(
          ServiceError(
            .invalidArgument, "the line is over the limit of \(maximumLineBytes) bytes; split the document")))
      return
    }
    rest.append(contentsOf: end)
    guard rest.contains(where: { !Self.blanks.contains($0) }) else { return }
    lines.append(
      Result { () throws(ServiceError) in try decodeJSON(DocumentBody.self, from: rest).incoming })
  }

  /// Space, tab and carriage return: a line of nothing else is no document.
  private static let blanks: Set<UInt8> = [0x20, 0x09, 0x0D]
}
