/// What went wrong on one HTTP/2 connection or with one command to it.
///
/// `message` names the number that broke a rule (a stream, a count, a limit) and the remedy. It
/// never carries header values or bytes of a body.
public struct HTTP2Error: Error, CustomStringConvertible, Sendable, Equatable {
  public enum Code: Sendable, Equatable {
    /// The peer did not begin with the HTTP/2 connection preface: it speaks HTTP/1.1, TLS, or
    /// something else. The connection is over.
    case badPreface
    /// The peer broke HTTP/2. A GOAWAY is queued where that is possible; the connection is over.
    case protocolViolation
    /// The peer made us queue more replies (PING, SETTINGS, RST_STREAM) than the limit allows
    /// without reading them. The connection is over.
    case flooded
    /// nghttp2 could not get memory. The connection is over and must not be drained.
    case outOfMemory
    /// A command named a stream that does not exist, or that has already closed. The connection is
    /// unharmed; after a peer's reset this is to be expected.
    case unknownStream
    /// A command came at the wrong time or with a value HTTP/2 cannot carry. Nothing was sent and
    /// the connection is unharmed.
    case badCommand
  }

  public var code: Code
  public var message: String

  public init(code: Code, message: String) {
    self.code = code
    self.message = message
  }

  public var description: String { "HTTP/2 \(code): \(message)" }
}
