import HTTPTypes

/// Whether a request names this server: a web page that points a name of its own at a loopback address must
/// not reach it ("DNS rebinding").
struct HostCheck: Sendable {
  /// nil: any name will do.
  private let allowed: Set<String>?

  init(_ configuration: HTTPConfiguration) {
    guard configuration.isLoopback || !configuration.hostNames.isEmpty else {
      allowed = nil
      return
    }
    allowed = Set(
      ["localhost", "127.0.0.1", "[::1]", Self.written(configuration.host)]
        + configuration.hostNames.map { $0.lowercased() })
  }

  /// - Parameter authority: the `Host` field, with or without a port; the port is not looked at.
  func allows(_ authority: String?) -> Bool {
    guard let allowed else { return true }
    guard let authority else { return false }
    return allowed.contains(Self.withoutPort(authority).lowercased())
  }

  private static func withoutPort(_ authority: String) -> Substring {
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return authority[...] }
      return authority[...end]
    }
    return authority.prefix { $0 != ":" }
  }

  /// An address as it stands in a URL: IPv6 in brackets.
  private static func written(_ host: String) -> String {
    (host.contains(":") ? "[\(host)]" : host).lowercased()
  }
}
