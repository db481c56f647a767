import HTTP2

/// Limits and times of the gRPC server.
public struct GRPCServerConfiguration: Sendable {
  /// Address to listen on, a name or number; default 127.0.0.1.
  public var host = "127.0.0.1"
  /// TCP port; 0 lets the system choose. Default 50051.
  public var port = 50_051
  /// Largest request message, bytes, also after decompression; default 4 MiB.
  public var maximumMessageBytes = 4 << 20
  /// Connections served at once; more are closed on arrival. Default 800, under the usual limit of 1,024 open files.
  public var maximumConnections = 800
  /// Bytes of request messages held for all calls together: incomplete, not yet read by their handler, or being worked
  /// on (inflated then). A call that would exceed it fails with RESOURCE_EXHAUSTED. Default 512 MiB.
  public var maximumHeldBytes = 512 << 20
  /// Bytes of responses one connection may hold because its client does not take them; while there are more, its new
  /// calls and its unary responses fail with RESOURCE_EXHAUSTED. Default 64 MiB.
  public var maximumUnsentBytes = 64 << 20
  /// A connection that has not completed the HTTP/2 preface and SETTINGS by then is closed; default 10 s.
  public var handshakeTimeout = Duration.seconds(10)
  /// A connection silent for this long is asked for a sign of life (PING); default 60 s.
  public var keepaliveInterval = Duration.seconds(60)
  /// …and closed if none comes within this time; default 20 s.
  public var keepaliveTimeout = Duration.seconds(20)
  /// Time open calls get to finish once draining has begun; then they are cancelled. Default 30 s.
  public var drainTimeout = Duration.seconds(30)
  /// The HTTP/2 side: windows, streams a connection, header sizes. Default: that of `Session`, with a connection window
  /// of 64 MiB.
  public var http2 = Session.Configuration.forCalls

  public init() {}
}
