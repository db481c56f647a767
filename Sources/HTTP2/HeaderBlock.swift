/// Collects the fields of the header block being received, within limits.
///
/// HTTP/2 forbids anything between the frames of one block, so a connection needs one of these.
struct HeaderBlock {
  /// RFC 9113 §6.5.2: each field counts 32 bytes besides its name and value.
  private static let fieldOverhead = 32

  private let maximumSize: Int
  private let maximumCount: Int
  private var fields: [Session.Header] = []
  private var size = 0

  init(maximumSize: Int, maximumCount: Int) {
    self.maximumSize = maximumSize
    self.maximumCount = maximumCount
  }

  mutating func begin() {
    fields = []
    size = 0
  }

  /// Adds one field; false if the block is now over a limit. What was collected is then let go.
  mutating func append(
    name: UnsafeBufferPointer<UInt8>, value: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    size += name.count + value.count + Self.fieldOverhead
    guard size <= maximumSize, fields.count < maximumCount else {
      fields = []
      return false
    }
    fields.append(
      Session.Header(
        name: String(decoding: name, as: UTF8.self), value: String(decoding: value, as: UTF8.self)))
    return true
  }

  mutating func take() -> [Session.Header] {
    let taken = fields
    fields = []
    size = 0
    return taken
  }
}
