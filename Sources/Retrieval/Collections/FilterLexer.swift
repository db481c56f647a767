/// A word of a filter's text and the byte it begins at.
struct FilterToken {
  enum Kind: Equatable {
    case field(String)
    case string(String)
    case number(Double)
    /// One of `and or not has in true false`.
    case keyword(String)
    /// One of `== != < <= > >= ( ) [ ] ,`.
    case symbol(String)
    case end
  }
  var kind: Kind
  var position: Int
}

/// Cuts a filter's text into tokens; errors name the byte and what was expected there, never the text.
struct FilterLexer {
  private static let keywords: Set<String> = ["and", "or", "not", "has", "in", "true", "false"]

  private let bytes: [UInt8]
  private var index = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  mutating func next() throws(RetrievalError) -> FilterToken {
    while let byte = peek(), byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { index += 1 }
    let start = index
    guard let byte = peek() else { return FilterToken(kind: .end, position: start) }
    let kind: FilterToken.Kind
    switch byte {
    case UInt8(ascii: "\""): kind = .string(try string())
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): kind = .number(try number())
    case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: ","):
      index += 1
      kind = .symbol(String(UnicodeScalar(byte)))
    case UInt8(ascii: "="), UInt8(ascii: "!"), UInt8(ascii: "<"), UInt8(ascii: ">"):
      kind = .symbol(try comparison(byte))
    default: kind = try word()
    }
    return FilterToken(kind: kind, position: start)
  }

  private func peek() -> UInt8? { index < bytes.count ? bytes[index] : nil }

  private mutating func comparison(_ first: UInt8) throws(RetrievalError) -> String {
    index += 1
    let isPair = peek() == UInt8(ascii: "=")
    if isPair { index += 1 }
    switch (first, isPair) {
    case (UInt8(ascii: "="), true): return "=="
    case (UInt8(ascii: "!"), true): return "!="
    case (UInt8(ascii: "<"), _): return isPair ? "<=" : "<"
    case (UInt8(ascii: ">"), _): return isPair ? ">=" : ">"
    default: throw Filter.syntaxError(at: index, expected: "'=' (comparisons are ==, !=, <, <=, >, >=)")
    }
  }

  private mutating func word() throws(RetrievalError) -> FilterToken.Kind {
    let start = index
    while let byte = peek(), isFieldName("_" + String(UnicodeScalar(byte))) { index += 1 }
    let word = String(decoding: bytes[start..<index], as: UTF8.self)
    if Self.keywords.contains(word) { return .keyword(word) }
    guard isFieldName(word) else {
      throw Filter.syntaxError(
        at: start, expected: "a field name, a value, a comparison or a parenthesis")
    }
    return .field(word)
  }

  /// A number as JSON writes it; a run of its characters is taken whole so that `1x` is an error.
  private mutating func number() throws(RetrievalError) -> Double {
    let start = index
    while let byte = peek() {
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
        index += 1
        continue
      default: break
      }
      break
    }
    let digits = bytes[start..<index]
    let isDecimal = digits.allSatisfy {
      (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) || $0 == UInt8(ascii: "+")
        || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") || $0 | 0x20 == UInt8(ascii: "e")
    }
    guard isDecimal, let value = Double(String(decoding: digits, as: UTF8.self)), value.isFinite else {
      throw Filter.syntaxError(at: start, expected: "a number such as 12, -0.5 or 1e6")
    }
    return value
  }

  private mutating func string() throws(RetrievalError) -> String {
    let start = index
    var value: [UInt8] = []
    index += 1
    while let byte = peek() {
      index += 1
      switch byte {
      case UInt8(ascii: "\""): return String(decoding: value, as: UTF8.self)
      case UInt8(ascii: "\\"): value += try escape()
      default: value.append(byte)
      }
    }
    throw Filter.syntaxError(at: start, expected: "a closing quotation mark")
  }

  /// What follows a backslash: `"`, `\` or `uXXXX`, two of them for a character beyond U+FFFF.
  private mutating func escape() throws(RetrievalError) -> [UInt8] {
    let start = index
    guard let byte = peek() else {
      throw Filter.syntaxError(at: start, expected: #"\", \\ or \uXXXX"#)
    }
    index += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"): return [byte]
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code), index + 1 < bytes.count,
        bytes[index] == UInt8(ascii: "\\"), bytes[index + 1] == UInt8(ascii: "u")
      {
        index += 2
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else {
          throw Filter.syntaxError(at: start, expected: #"the second half of a pair of \uXXXX"#)
        }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = UnicodeScalar(code) else {
        throw Filter.syntaxError(at: start, expected: #"a \uXXXX that is a character"#)
      }
      return Array(String(Character(scalar)).utf8)
    default: throw Filter.syntaxError(at: start, expected: #"\", \\ or \uXXXX"#)
    }
  }

  private mutating func hexadecimal() throws(RetrievalError) -> UInt32 {
    let start = index
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let byte = peek(), let digit = Character(UnicodeScalar(byte)).hexDigitValue else {
        throw Filter.syntaxError(at: start, expected: "four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      index += 1
    }
    return code
  }
}
