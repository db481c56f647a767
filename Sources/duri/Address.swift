import ArgumentParser

/// `host:port`, `[ipv6]:port`, or a port alone on 127.0.0.1.
struct Address: ExpressibleByArgument {
  var host: String
  var port: Int

  init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  init?(argument: String) {
    guard let colon = argument.lastIndex(of: ":") else {
      guard let port = Int(argument), (0...65_535).contains(port) else { return nil }
      self.init(host: "127.0.0.1", port: port)
      return
    }
    var host = String(argument[..<colon])
    if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
    guard let port = Int(argument[argument.index(after: colon)...]), (0...65_535).contains(port),
      !host.isEmpty
    else { return nil }
    self.init(host: host, port: port)
  }

  /// The host as it stands in a URL: IPv6 in brackets.
  var urlHost: String { host.contains(":") ? "[\(host)]" : host }

  var defaultValueDescription: String { "\(host):\(port)" }
}
