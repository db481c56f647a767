/// The JSON listener's address and bounds.
public struct HTTPConfiguration: Sendable, Equatable {
  public var host = "127.0.0.1"
  /// 0 takes a free one.
  public var port = 8_080
  /// Names, besides the loopback ones, that a `Host` header may carry. Checked when the listener is on a
  /// loopback address, or when any name stands here: a web page must not reach the server under a name of
  /// its own.
  public var hostNames: [String] = []
  /// Origins whose pages may call the server from a browser, such as `https://example.org`; `*` is every
  /// origin. Default none.
  public var allowedOrigins: [String] = []
  /// Connections open at once; more are closed at once.
  public var maximumConnections = 800
  /// Bytes of a request's header fields together, and of its longest.
  public var maximumHeaderBytes = 16_384
  public var maximumHeaderFields = 128
  /// Bytes of request bodies held at once, all connections together.
  public var maximumHeldBytes = 512 << 20
  /// From a connection's beginning to its first request's headers.
  public var headTimeout = Duration.seconds(10)
  /// From an answer to the next request's headers.
  public var idleTimeout = Duration.seconds(75)
  /// For the whole of a body that is not streamed.
  public var bodyTimeout = Duration.seconds(60)
  /// For the next piece of a streamed body, while the server waits for it.
  public var streamTimeout = Duration.seconds(300)
  /// How long a client may take nothing of what was sent to it.
  public var sendTimeout = Duration.seconds(60)
  /// How long a connection that is to close still swallows what the client sends, so that the answer gets
  /// through.
  public var lingerTimeout = Duration.seconds(2)

  public init() {}

  /// Whether only this machine can connect.
  var isLoopback: Bool {
    host == "localhost" || host == "::1" || host.hasPrefix("127.")
  }
}
