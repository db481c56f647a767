/// Writes JSON (RFC 8259) straight into bytes; commas come by themselves.
///
/// What a caller writes is what stands there: one value, or fields and elements inside `object` and `array`.
public struct JSONWriter: Sendable {
  public private(set) var bytes: [UInt8] = []
  /// Whether the next value stands first in its object or list, or right behind its key.
  private var isFirst = true

  /// - Parameter capacity: bytes to make room for at once.
  public init(capacity: Int = 256) {
    bytes.reserveCapacity(capacity)
  }

  // MARK: - Structure

  public mutating func object(_ fields: (inout JSONWriter) -> Void) {
    separate()
    bytes.append(UInt8(ascii: "{"))
    isFirst = true
    fields(&self)
    bytes.append(UInt8(ascii: "}"))
    isFirst = false
  }

  public mutating func array<S: Sequence>(
    _ elements: S, _ element: (inout JSONWriter, S.Element) -> Void
  ) {
    separate()
    bytes.append(UInt8(ascii: "["))
    isFirst = true
    for value in elements { element(&self, value) }
    bytes.append(UInt8(ascii: "]"))
    isFirst = false
  }

  /// What follows is the field's value.
  public mutating func key(_ name: String) {
    string(name)
    bytes.append(UInt8(ascii: ":"))
    isFirst = true
  }

  /// Ends a line of NDJSON; the next value starts anew.
  public mutating func endLine() {
    bytes.append(UInt8(ascii: "\n"))
    isFirst = true
  }

  private mutating func separate() {
    if !isFirst { bytes.append(UInt8(ascii: ",")) }
    isFirst = false
  }

  // MARK: - Values

  public mutating func string(_ text: String) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    var text = text
    text.withUTF8 { escape($0) }
    bytes.append(UInt8(ascii: "\""))
  }

  public mutating func int(_ number: some BinaryInteger) { literal(String(number)) }

  public mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

  public mutating func null() { literal("null") }

  /// Whole numbers without a point, others as the shortest decimal; `null` where JSON has no such number.
  public mutating func double(_ number: Double) {
    guard number.isFinite else { return null() }
    // Every whole number up to 2^53 has its own double.
    if let whole = Int64(exactly: number), whole.magnitude <= 1 << 53 {
      int(whole)
    } else {
      literal(number.description)
    }
  }

  /// The shortest decimal that reads back as the same single; `null` where JSON has no such number.
  public mutating func float(_ number: Float) {
    separate()
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: ShortestFloat.maximumBytes) { room in
      powersOfTen.withUnsafeBufferPointer { powers in
        guard let start = room.baseAddress, let powers = powers.baseAddress else { return }
        let count = ShortestFloat.write(number, to: start, powers: powers)
        bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: count))
      }
    }
  }

  /// A list of singles: the part of a response that weighs.
  public mutating func floats(_ numbers: some RandomAccessCollection<Float>) {
    separate()
    bytes.append(UInt8(ascii: "["))
    let room = (ShortestFloat.maximumBytes + 1) * min(numbers.count, Self.floatsAtOnce)
    var rest = numbers[...]
    withUnsafeTemporaryAllocation(of: UInt8.self, capacity: max(1, room)) { room in
      powersOfTen.withUnsafeBufferPointer { powers in
        guard let start = room.baseAddress, let powers = powers.baseAddress else { return }
        while !rest.isEmpty {
          var at = start
          for number in rest.prefix(Self.floatsAtOnce) {
            at += ShortestFloat.write(number, to: at, powers: powers)
            at.initialize(to: UInt8(ascii: ","))
            at += 1
          }
          bytes.append(contentsOf: UnsafeBufferPointer(start: start, count: at - start))
          rest = rest.dropFirst(Self.floatsAtOnce)
        }
      }
    }
    // The bracket takes the last comma's place.
    if !numbers.isEmpty { bytes.removeLast() }
    bytes.append(UInt8(ascii: "]"))
  }

  /// Singles written between two copies into `bytes`; their text fits a page or two of the stack.
  private static let floatsAtOnce = 512

  /// Bytes as a string in base64 (RFC 4648, with padding).
  public mutating func base64(_ data: [UInt8]) {
    separate()
    bytes.append(UInt8(ascii: "\""))
    for start in stride(from: 0, to: data.count, by: 3) {
      let count = min(3, data.count - start)
      var group: UInt32 = 0
      for place in 0..<3 {
        group = group << 8 | (place < count ? UInt32(data[start + place]) : 0)
      }
      for place in 0..<4 {
        let index = Int(group >> UInt32(18 - 6 * place) & 63)
        bytes.append(place <= count ? Self.base64Alphabet[index] : UInt8(ascii: "="))
      }
    }
    bytes.append(UInt8(ascii: "\""))
  }

  private static let base64Alphabet = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  private mutating func literal(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
  }

  /// Appends text with what JSON forbids in strings escaped: quotes, backslashes and control characters.
  private mutating func escape(_ text: UnsafeBufferPointer<UInt8>) {
    var start = 0
    for (index, byte) in text.enumerated()
    where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
      bytes.append(contentsOf: text[start..<index])
      start = index + 1
      bytes.append(UInt8(ascii: "\\"))
      switch byte {
      case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
      case UInt8(ascii: "\t"): bytes.append(UInt8(ascii: "t"))
      case UInt8(ascii: "\r"): bytes.append(UInt8(ascii: "r"))
      case 0..<0x20:
        bytes.append(contentsOf: "u00".utf8)
        bytes.append(Self.hexadecimal[Int(byte >> 4)])
        bytes.append(Self.hexadecimal[Int(byte & 15)])
      default: bytes.append(byte)
      }
    }
    bytes.append(contentsOf: text[start...])
  }

  private static let hexadecimal = Array("0123456789abcdef".utf8)
}

// MARK: - Fields

extension JSONWriter {
  public mutating func field(_ name: String, _ value: String) {
    key(name)
    string(value)
  }

  public mutating func field(_ name: String, _ value: some BinaryInteger) {
    key(name)
    int(value)
  }

  public mutating func field(_ name: String, _ value: Bool) {
    key(name)
    bool(value)
  }

  public mutating func field(_ name: String, _ value: Float) {
    key(name)
    float(value)
  }

  public mutating func field(_ name: String, _ value: [String]) {
    key(name)
    array(value) { $0.string($1) }
  }

  public mutating func object(_ name: String, _ fields: (inout JSONWriter) -> Void) {
    key(name)
    object(fields)
  }

  public mutating func array<S: Sequence>(
    _ name: String, _ elements: S, _ element: (inout JSONWriter, S.Element) -> Void
  ) {
    key(name)
    array(elements, element)
  }
}
