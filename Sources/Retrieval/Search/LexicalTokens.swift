import Foundation

/// The tokens by which the words of a document are found (BM25), in the order of the text.
///
/// Runs of one script are words. A Hangul word gives the bigrams of its syllables (so that a noun is found
/// inside a compound), its stem without a common particle (so that `서울에서` finds `서울은`), and the single
/// syllable where the stem is one. Han and kana give bigrams. Other letters are folded (case, width,
/// accents) and lose an English plural; digits stay, without commas between thousands. A particle alone is
/// no token. Every token consists of letters and digits only.
public func lexicalTokens(_ text: String) -> [String] {
  split(lexicalWords(text))
}

/// The tokens that a question looks for, each once; ``lexicalTokens(_:)`` of a document that has the
/// question's words contains them.
///
/// They are fewer than a document's: a bigram across the border of stem and particle would find every noun
/// that ends alike (`학교가`, `종교가`).
public func lexicalQueryTokens(_ query: String) -> [String] {
  var seen: Set<String> = []
  return split(LexicalScanner.tokens(of: query, isQuery: true)).filter { seen.insert($0).inserted }
}

/// The tokens of a document as an index takes them: in UTF-8, a space behind each.
func lexicalWords(_ text: String) -> [UInt8] {
  LexicalScanner.tokens(of: text, isQuery: false)
}

/// Changes whenever the tokens of some text change: an index made by another version is made anew.
let lexicalTokensVersion = 1

private func split(_ words: [UInt8]) -> [String] {
  words.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
}

/// Reads a text once, byte by byte; tokens are copied from it, so nothing is allocated for any of them.
private struct LexicalScanner {
  private enum Script {
    case none, hangul, han, letter, digit
  }

  private let isQuery: Bool
  /// The tokens, a space behind each.
  private var output: [UInt8] = []
  /// The run being read: where each of its scalars begins, and their values.
  private var starts: [Int] = []
  private var scalars: [UInt32] = []
  private var script = Script.none
  /// The run before, and what stands between it and this one: a comma between digits and an apostrophe
  /// before `s` do not end a word. A space stands for more than one.
  private var before = Script.none
  private var separator: UInt32 = 0
  /// Bytes of the last token if it is digits.
  private var lastDigits = 0

  static func tokens(of text: String, isQuery: Bool) -> [UInt8] {
    var scanner = LexicalScanner(isQuery: isQuery)
    var source = text
    if source.withUTF8(needsFolding) { source = folded(source) }
    source.withUTF8 { scanner.scan($0) }
    return scanner.output
  }

  private init(isQuery: Bool) { self.isQuery = isQuery }

  // MARK: Scalars

  /// The scalar that begins at `index`, and its bytes; Swift's strings are valid UTF-8.
  private static func scalar(
    _ text: UnsafeBufferPointer<UInt8>, _ index: Int
  ) -> (value: UInt32, size: Int) {
    func next(_ offset: Int) -> UInt32 {
      index + offset < text.count ? UInt32(text[index + offset] & 0x3F) : 0
    }
    let first = UInt32(text[index])
    switch first {
    case 0..<0x80: return (first, 1)
    case 0..<0xE0: return ((first & 0x1F) << 6 | next(1), 2)
    case 0..<0xF0: return ((first & 0x0F) << 12 | next(1) << 6 | next(2), 3)
    default: return ((first & 0x07) << 18 | next(1) << 12 | next(2) << 6 | next(3), 4)
    }
  }

  /// False for the scalars that folding leaves alone; most Korean and English text has no others.
  private static func needsFolding(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var index = 0
    while index < text.count {
      let (value, size) = scalar(text, index)
      switch value {
      case 0..<0x80, 0xAC00...0xD7A3, 0x4E00...0x9FFF, 0x2010...0x201F, 0x3001...0x3020: index += size
      default: return true
      }
    }
    return false
  }

  /// Compatibility forms replaced (half and full width, ligatures), accents of Latin, Greek and Cyrillic
  /// removed, conjoining jamo and dakuten composed.
  private static func folded(_ text: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.decomposedStringWithCompatibilityMapping.unicodeScalars
    where !(0x300...0x36F).contains(scalar.value) {
      scalars.append(scalar)
    }
    return String(scalars).precomposedStringWithCanonicalMapping
  }

  private static func script(of value: UInt32) -> Script {
    switch value {
    case 0x30...0x39: return .digit
    case 0x41...0x5A, 0x61...0x7A: return .letter
    case 0..<0x80: return .none
    case 0xAC00...0xD7A3, 0x1100...0x11FF, 0x3131...0x318E: return .hangul
    case 0x4E00...0x9FFF: return .han
    default: break
    }
    guard let scalar = UnicodeScalar(value) else { return .none }
    switch value {
    case 0x3040...0x30FF, 0x31F0...0x31FF, 0x3400...0x4DBF, 0xF900...0xFAFF, 0x20000...0x3FFFF:
      return scalar.properties.isAlphabetic ? .han : .none
    default: break
    }
    switch scalar.properties.generalCategory {
    case .decimalNumber: return .digit
    case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter,
      .letterNumber, .otherNumber, .nonspacingMark, .spacingMark:
      return .letter
    default: return .none
    }
  }

  // MARK: Runs

  private mutating func scan(_ text: UnsafeBufferPointer<UInt8>) {
    output.reserveCapacity(text.count * 4)
    var index = 0
    while index < text.count {
      let (value, size) = Self.scalar(text, index)
      let next = Self.script(of: value)
      if next != script {
        endRun(text, at: index)
        script = next
      }
      if next == .none {
        separator = separator == 0 ? value : UInt32(UInt8(ascii: " "))
      } else {
        starts.append(index)
        scalars.append(value)
      }
      index += size
    }
    endRun(text, at: index)
  }

  private mutating func endRun(_ text: UnsafeBufferPointer<UInt8>, at end: Int) {
    guard !starts.isEmpty else { return }
    starts.append(end)
    switch script {
    case .none: break
    case .digit: endDigits(text)
    case .letter: endLetters(text)
    case .han: addBigrams(text, 0..<scalars.count)
    case .hangul: endHangul(text)
    }
    before = script
    separator = 0
    starts.removeAll(keepingCapacity: true)
    scalars.removeAll(keepingCapacity: true)
  }

  /// Scalars of the run as a token.
  private mutating func add(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    output.append(contentsOf: text[starts[range.lowerBound]..<starts[range.upperBound]])
    output.append(UInt8(ascii: " "))
  }

  private mutating func addBigrams(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) {
    guard range.count > 1 else { return add(text, range) }
    for start in range.dropLast() { add(text, start..<(start + 2)) }
  }

  // MARK: Digits and letters

  /// Scalars of the longest token; a longer word is cut.
  private static let longest = 64

  private mutating func endDigits(_ text: UnsafeBufferPointer<UInt8>) {
    let count = min(scalars.count, Self.longest)
    // 1,000 is 1000.
    let continues = before == .digit && separator == UInt32(UInt8(ascii: ",")) && count == 3
    if continues, lastDigits + count <= Self.longest {
      output.removeLast()
      lastDigits += count
    } else {
      lastDigits = count
    }
    add(text, 0..<count)
  }

  private mutating func endLetters(_ text: UnsafeBufferPointer<UInt8>) {
    let isPossessive =
      before == .letter && (separator == UInt32(UInt8(ascii: "'")) || separator == 0x2019)
      && scalars.count == 1 && scalars[0] | 0x20 == UInt32(UInt8(ascii: "s"))
    if isPossessive { return }
    let count = min(scalars.count, Self.longest)
    let word = text[starts[0]..<starts[count]]
    if scalars[..<count].allSatisfy({ $0 < 0x80 }) {
      let start = output.count
      for byte in word { output.append(byte | 0x20) }
      makeSingular(from: start)
    } else {
      output.append(contentsOf: String(decoding: word, as: UTF8.self).lowercased().utf8)
    }
    output.append(UInt8(ascii: " "))
  }

  /// One form for an English noun's singular and plural, of the word at the end of the output; not always
  /// the dictionary's.
  private mutating func makeSingular(from start: Int) {
    func ends(_ suffix: StaticString) -> Bool {
      suffix.withUTF8Buffer {
        output.count - start >= $0.count && output[(output.count - $0.count)...].elementsEqual($0)
      }
    }
    guard output.count - start >= 4 else { return }
    if ends("s"), !ends("ss"), !ends("us"), !ends("is") { output.removeLast() }
    guard output.count - start >= 4 else { return }
    if ends("ie") {
      output.removeLast(2)
      output.append(UInt8(ascii: "y"))
    } else if ends("xe") || ends("che") || ends("she") || ends("ze") || ends("sse") || ends("oe") {
      output.removeLast()
    }
  }

  // MARK: Hangul

  private mutating func endHangul(_ text: UnsafeBufferPointer<UInt8>) {
    let count = scalars.count
    let particle = LexicalParticles.lengthOfSuffix(of: scalars)
    // A particle alone, or one that hangs on a Latin word or a number (`AI는`).
    if particle == count { return }
    let stem = count - particle
    guard particle > 0 else {
      addBigrams(text, 0..<count)
      if (3...Self.longestWord).contains(count) { add(text, 0..<count) }
      return
    }
    // One syllable may be the noun's own (회의, 고양이), so the whole word is a token as well.
    let isCertain = particle > 1 && stem > 1
    if isCertain || isQuery {
      addBigrams(text, 0..<stem)
    } else {
      addBigrams(text, 0..<count)
      if stem == 1 { add(text, 0..<1) }
    }
    if (3...Self.longestWord).contains(stem) { add(text, 0..<stem) }
    // A document's word of two syllables is its own bigram.
    if !isCertain, count <= Self.longestWord, isQuery || count > 2 { add(text, 0..<count) }
  }

  /// Syllables of the longest word that is a token by itself.
  private static let longestWord = 12
}

/// Korean particles (josa) and the copula's common forms, as they hang on a noun.
private enum LexicalParticles {
  /// Scalars of the longest particle that ends `word`; `word.count` if it is nothing else; 0 for none.
  static func lengthOfSuffix(of word: [UInt32]) -> Int {
    var key: UInt64 = 0
    var found = 0
    // Syllables in 16 bits each, so that up to four are one number.
    for length in 1...longest where length <= word.count {
      key |= UInt64(word[word.count - length] & 0xFFFF) << UInt64(16 * (length - 1))
      if all.contains(key) { found = length }
    }
    return found
  }

  private static let longest = 4

  private static let all: Set<UInt64> = Set(
    """
    은 는 이 가 을 를 의 에 와 과 도 만 로
    에서 에게 에는 에도 에만 에의 으로 로서 로써 로는 로도 로만 로의 와는 와도 와의 과는 과도 과의 까지 부터
    한테 께서 처럼 보다 마다 조차 마저 밖에 이나 하고 이다 만은 만이 만의 만을 들은 들이 들을 들의
    에서는 에서도 에서만 에서의 에게는 에게도 에게서 으로는 으로도 으로만 으로의 으로서 으로써 까지는 까지도 까지의
    부터는 부터도 부터의 한테는 한테도 한테서 께서는 께서도 보다는 보다도 처럼도 이라는 이라고 이라도 입니다 이에요
    예요 였다 에서부터 에게서는 으로부터 로부터 이었다
    """.split(whereSeparator: \.isWhitespace).map { particle in
      particle.unicodeScalars.reduce(0) { $0 << 16 | UInt64($1.value & 0xFFFF) }
    })
}
