import HTTP2

extension Session.Configuration {
  /// Windows for gRPC calls, on either side.
  ///
  /// Credit for a call's bytes goes back as its messages are read, so calls whose reader pauses keep their share of the
  /// connection's window. It is far wider than one stream's, lest a few paused calls stop all others: 64 MiB is room
  /// for 256 paused calls of 256 KiB.
  static var forCalls: Self {
    var configuration = Self()
    configuration.connectionWindow = 64 << 20
    return configuration
  }
}
