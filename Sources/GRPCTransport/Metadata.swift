import HTTP2

/// Header or trailer fields of a call; names in lower case.
public typealias Metadata = [Session.Header]

extension Metadata {
  /// Value of the first field of this name.
  public func first(_ name: String) -> String? {
    first { $0.name == name }?.value
  }
}
