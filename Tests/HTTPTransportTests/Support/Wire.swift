import Foundation
import NIOCore
import NIOPosix

/// A client's end of a connection: bytes as the test wants them, answers taken apart.
struct Wire {
  private var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
  private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
  private let channel: any Channel
  private var received: [UInt8] = []

  /// The server closed the connection, or said what is no answer.
  struct Failure: Error { var what: String }

  static func connect<R>(_ port: Int, _ use: (inout Wire) async throws -> R) async throws -> R {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connect(host: "127.0.0.1", port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
            wrappingChannelSynchronously: channel,
            configuration: .init(isOutboundHalfClosureEnabled: true))
        }
      }
    return try await channel.executeThenClose { inbound, outbound in
      var wire = Wire(
        inbound: inbound.makeAsyncIterator(), outbound: outbound, channel: channel.channel)
      return try await use(&wire)
    }
  }

  func send(_ text: String) async throws { try await send(Array(text.utf8)) }

  func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }

  /// A whole request.
  func send(
    _ method: String, _ path: String, body: String? = nil, type: String = "application/json",
    headers: String = ""
  ) async throws {
    var text = "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)"
    if let body {
      text += "Content-Type: \(type)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    } else {
      text += "\r\n"
    }
    try await send(text)
  }

  /// Reads what comes next; false at the end.
  private mutating func more() async throws -> Bool {
    guard let part = try await inbound.next() else { return false }
    received.append(contentsOf: part.readableBytesView)
    return true
  }

  /// Bytes up to and including the next `end`.
  mutating func take(through end: String) async throws -> String {
    let end = Array(end.utf8)
    while true {
      if let range = received.firstRange(of: end) {
        let taken = received[..<range.upperBound]
        received = Array(received[range.upperBound...])
        return String(decoding: taken, as: UTF8.self)
      }
      guard try await more() else {
        throw Failure(what: "closed after \(String(decoding: received.prefix(500), as: UTF8.self))")
      }
    }
  }

  private mutating func take(_ count: Int) async throws -> [UInt8] {
    while received.count < count {
      guard try await more() else { throw Failure(what: "closed within a body") }
    }
    defer { received = Array(received.dropFirst(count)) }
    return Array(received.prefix(count))
  }

  /// Everything up to the connection's end.
  mutating func takeAll() async throws -> String {
    while try await more() {}
    return String(decoding: received, as: UTF8.self)
  }

  /// Status line and header fields, names lowercased.
  mutating func head() async throws -> (status: Int, headers: [String: String]) {
    let lines = try await take(through: "\r\n\r\n").components(separatedBy: "\r\n")
    guard let status = lines[0].split(separator: " ").dropFirst().first.flatMap({ Int($0) }) else {
      throw Failure(what: "no status in \(lines[0])")
    }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] =
        line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return (status, headers)
  }

  /// One chunk of a chunked body; nil after the last.
  mutating func chunk() async throws -> String? {
    // A carriage return and a line feed are one character.
    let size = Int(try await take(through: "\r\n").dropLast(), radix: 16) ?? 0
    let bytes = try await take(size)
    _ = try await take(2)
    return size == 0 ? nil : String(decoding: bytes, as: UTF8.self)
  }

  /// A whole answer.
  mutating func answer(toHead: Bool = false) async throws -> Answer {
    let (status, headers) = try await head()
    var body = ""
    if toHead || status == 204 || status == 304 {
    } else if headers["transfer-encoding"] == "chunked" {
      while let chunk = try await chunk() { body += chunk }
    } else if let length = headers["content-length"].flatMap({ Int($0) }) {
      body = String(decoding: try await take(length), as: UTF8.self)
    }
    return Answer(status: status, headers: headers, body: body)
  }

  /// Whether the connection has ended, with nothing more sent.
  mutating func isOver() async throws -> Bool {
    let hasMore = try await more()
    return !hasMore && received.isEmpty
  }

  /// Ends the sending side, as a client that leaves does first.
  func finish() { outbound.finish() }

  func close() async throws { try await channel.close() }
}

/// An answer taken apart.
struct Answer {
  var status: Int
  var headers: [String: String]
  var body: String

  /// The body as a JSON object.
  var json: [String: Any] {
    (try? JSONSerialization.jsonObject(with: Data(body.utf8))) as? [String: Any] ?? [:]
  }

  /// Lines of NDJSON.
  var lines: [[String: Any]] {
    body.split(separator: "\n").map { line in
      (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any] ?? [:]
    }
  }

  var errorCode: String? { (json["error"] as? [String: Any])?["code"] as? String }
  var errorMessage: String? { (json["error"] as? [String: Any])?["message"] as? String }
}
