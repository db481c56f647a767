/// A JSON parser over bytes that can hand out a large array element by element.
///
/// A vocabulary has a quarter of a million entries, and its strings must stay bytes: decoded as
/// `String` keys, canonically equal pieces (a letter and its decomposed form) would merge.
struct JSONReader {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var position = 0
  private var depth = 0
  private static let depthLimit = 64

  init(_ bytes: UnsafeBufferPointer<UInt8>) {
    self.bytes = bytes
  }

  /// Reads an object; `member` must read or skip the value that belongs to the key it is given.
  mutating func object(
    _ member: (_ key: [UInt8], _ reader: inout JSONReader) throws(ModelFault) -> Void
  ) throws(ModelFault) {
    try sequence(open: UInt8(ascii: "{"), close: UInt8(ascii: "}")) {
      (reader) throws(ModelFault) in
      var key: [UInt8] = []
      try reader.string(appendingTo: &key)
      try reader.expect(UInt8(ascii: ":"))
      try member(key, &reader)
    }
  }

  /// Reads an array; `element` must read or skip one value.
  mutating func array(
    _ element: (_ reader: inout JSONReader) throws(ModelFault) -> Void
  ) throws(ModelFault) {
    try sequence(open: UInt8(ascii: "["), close: UInt8(ascii: "]"), element)
  }

  /// Appends the UTF-8 bytes of a string.
  mutating func string(appendingTo out: inout [UInt8]) throws(ModelFault) {
    try expect(UInt8(ascii: "\""))
    while position < bytes.count {
      let start = position
      while position < bytes.count, bytes[position] >= 0x20, bytes[position] != UInt8(ascii: "\""),
        bytes[position] != UInt8(ascii: "\\")
      {
        position += 1
      }
      out.append(contentsOf: bytes[start..<position])
      guard position < bytes.count else { break }
      switch bytes[position] {
      case UInt8(ascii: "\""):
        position += 1
        return
      case UInt8(ascii: "\\"):
        position += 1
        try escape(appendingTo: &out)
      default: throw malformed
      }
    }
    throw malformed
  }

  mutating func number() throws(ModelFault) -> Double {
    skipWhitespace()
    let start = position
    while position < bytes.count {
      switch bytes[position] {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "+"),
        UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"):
        position += 1
        continue
      default: break
      }
      break
    }
    guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
      throw malformed
    }
    return value
  }

  /// Reads any value into a tree.
  mutating func value() throws(ModelFault) -> JSONValue {
    switch try peek() {
    case UInt8(ascii: "{"):
      var members: [(String, JSONValue)] = []
      try object { (key, reader) throws(ModelFault) in
        members.append((String(decoding: key, as: UTF8.self), try reader.value()))
      }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try array { (reader) throws(ModelFault) in elements.append(try reader.value()) }
      return .array(elements)
    case UInt8(ascii: "\""):
      var text: [UInt8] = []
      try string(appendingTo: &text)
      return .string(String(decoding: text, as: UTF8.self))
    case UInt8(ascii: "t"):
      try literal("true")
      return .bool(true)
    case UInt8(ascii: "f"):
      try literal("false")
      return .bool(false)
    case UInt8(ascii: "n"):
      try literal("null")
      return .null
    default: return .number(try number())
    }
  }

  /// Fails unless nothing but whitespace follows.
  mutating func end() throws(ModelFault) {
    skipWhitespace()
    guard position == bytes.count else { throw malformed }
  }

  /// The next byte that is not whitespace, without reading it.
  mutating func peek() throws(ModelFault) -> UInt8 {
    skipWhitespace()
    guard position < bytes.count else { throw malformed }
    return bytes[position]
  }
}

extension JSONReader {
  private var malformed: ModelFault { .unreadable("is not valid JSON at byte \(position)") }

  private mutating func skipWhitespace() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }

  private mutating func expect(_ byte: UInt8) throws(ModelFault) {
    guard try peek() == byte else { throw malformed }
    position += 1
  }

  private mutating func sequence(
    open: UInt8, close: UInt8, _ item: (inout JSONReader) throws(ModelFault) -> Void
  ) throws(ModelFault) {
    try expect(open)
    depth += 1
    guard depth <= Self.depthLimit else { throw malformed }
    if try peek() == close {
      position += 1
    } else {
      while true {
        try item(&self)
        let next = try peek()
        position += 1
        if next == close { break }
        guard next == UInt8(ascii: ",") else { throw malformed }
      }
    }
    depth -= 1
  }

  private mutating func literal(_ word: StaticString) throws(ModelFault) {
    let end = position + word.utf8CodeUnitCount
    guard end <= bytes.count, bytes[position..<end].elementsEqual(word.bytes) else {
      throw malformed
    }
    position = end
  }

  private mutating func escape(appendingTo out: inout [UInt8]) throws(ModelFault) {
    guard position < bytes.count else { throw malformed }
    let letter = bytes[position]
    position += 1
    switch letter {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): out.append(letter)
    case UInt8(ascii: "b"): out.append(0x08)
    case UInt8(ascii: "f"): out.append(0x0C)
    case UInt8(ascii: "n"): out.append(0x0A)
    case UInt8(ascii: "r"): out.append(0x0D)
    case UInt8(ascii: "t"): out.append(0x09)
    case UInt8(ascii: "u"):
      var code = try fourHexDigits()
      if (0xD800..<0xDC00).contains(code) {
        try literal("\\u")
        let low = try fourHexDigits()
        guard (0xDC00..<0xE000).contains(low) else { throw malformed }
        code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00)
      }
      // Nil for half a surrogate pair.
      guard let scalar = Unicode.Scalar(code) else { throw malformed }
      out.append(contentsOf: Character(scalar).utf8)
    default: throw malformed
    }
  }

  private mutating func fourHexDigits() throws(ModelFault) -> UInt32 {
    guard bytes.count - position >= 4 else { throw malformed }
    var value: UInt32 = 0
    for _ in 0..<4 {
      let byte = bytes[position]
      position += 1
      let digit: UInt8
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
      case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
      case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
      default: throw malformed
      }
      value = value << 4 | UInt32(digit)
    }
    return value
  }
}
