import Foundation
import Testing

@testable import Tokenization

/// Damaged files: an error, or a model that still works; never a crash.
@Suite struct DamagedModelTests {
  static let probes = [
    "", "query: a  가나 ab", "각 ﬁ ｶﾞ e\u{301} ½ \u{FDFA} ㈜ \t\n", "\0a\u{E000}\u{10FFFF}<s>",
    String(repeating: "가a ", count: 50),
  ]

  /// Encodes the probes with whatever could be loaded. Returns whether it could.
  private func survives(_ load: () throws(TokenizationError) -> SentencePieceTokenizer) -> Bool {
    guard let tokenizer = try? load() else { return false }
    for text in Self.probes {
      guard let pieces = try? tokenizer.pieces(of: text) else { continue }
      #expect(rangesAreSound(pieces.ranges, in: text))
      #expect(pieces.ids.allSatisfy { $0 > 2 && $0 < tokenizer.vocabularySize })
    }
    return true
  }

  private func mutated(
    _ bytes: [UInt8], in range: Range<Int>, using generator: inout SeededGenerator
  ) -> [UInt8] {
    var copy = bytes
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      let index = Int.random(in: range, using: &generator)
      copy[index] =
        Bool.random(using: &generator)
        ? copy[index] ^ (1 << UInt8.random(in: 0..<8, using: &generator))
        : UInt8.random(in: 0...255, using: &generator)
    }
    return copy
  }

  /// A few pieces with the built-in model's character map: quick to load, all parts there.
  private func smallModelWithMap() throws -> [UInt8] {
    let bytes = try Fixtures.bytes(
      Fixtures.bootstrapFolder.appending(path: "sentencepiece.bpe.model"))
    let parsed = bytes.withUnsafeBytes { bytes in
      Result { () throws(ModelFault) in try UnigramModel(sentencePiece: bytes) }
    }
    var model = SmallModel()
    model.characterMap = try parsed.get().characterMap
    return model.bytes()
  }

  @Test func cutShort() throws {
    let small = SmallModel().bytes()
    for count in 0..<small.count {
      #expect(throws: TokenizationError.self) {
        try SentencePieceTokenizer(modelBytes: Array(small[..<count]), name: "m")
      }
    }
    let whole = try Fixtures.bytes(
      Fixtures.bootstrapFolder.appending(path: "sentencepiece.bpe.model"))
    var generator = SeededGenerator(state: 1)
    for _ in 0..<100 {
      // The last bytes are settings behind the character map, absent from many models.
      let count = Int.random(in: 0..<(whole.count - 64), using: &generator)
      #expect(throws: TokenizationError.self) {
        try SentencePieceTokenizer(modelBytes: Array(whole[..<count]), name: "m")
      }
    }
  }

  @Test func flippedBits() throws {
    var generator = SeededGenerator(state: 2)
    let small = SmallModel().bytes()
    var loaded = 0
    for _ in 0..<4000 {
      let bytes = mutated(small, in: 0..<small.count, using: &generator)
      if survives({ () throws(TokenizationError) in
        try SentencePieceTokenizer(modelBytes: bytes, name: "m")
      }) { loaded += 1 }
    }
    #expect(loaded > 0 && loaded < 4000)
  }

  @Test func flippedBitsInTheCharacterMap() throws {
    var generator = SeededGenerator(state: 3)
    let bytes = try smallModelWithMap()
    #expect(survives { () throws(TokenizationError) in
      try SentencePieceTokenizer(modelBytes: bytes, name: "m")
    })
    // The map follows the pieces: its size, trie and replacements.
    let map = 180..<bytes.count
    for round in 0..<400 {
      let range = round % 8 == 0 ? 180..<280 : map
      let damaged = mutated(bytes, in: range, using: &generator)
      _ = survives { () throws(TokenizationError) in
        try SentencePieceTokenizer(modelBytes: damaged, name: "m")
      }
    }
  }

  @Test func flippedBitsInTheWholeModel() throws {
    var generator = SeededGenerator(state: 4)
    let whole = try Fixtures.bytes(
      Fixtures.bootstrapFolder.appending(path: "sentencepiece.bpe.model"))
    for _ in 0..<40 {
      let bytes = mutated(whole, in: 0..<whole.count, using: &generator)
      _ = survives { () throws(TokenizationError) in
        try SentencePieceTokenizer(modelBytes: bytes, name: "m")
      }
    }
  }

  @Test func characterMapFaults() throws {
    /// A trie of 256 units, then replacements.
    func map(_ units: [Int: UInt32], _ replacements: String = "x\0") -> [UInt8] {
      var bytes: [UInt8] = [0, 4, 0, 0]
      for index in 0..<256 {
        // An unused unit has a label that matches from nowhere.
        let unit = units[index] ?? 0xFFFF_FFFF
        for shift in [0, 8, 16, 24] as [UInt32] {
          bytes.append(UInt8(truncatingIfNeeded: unit >> shift))
        }
      }
      return bytes + Array(replacements.utf8)
    }
    func unit(label: UInt8, offset: UInt32, leaf: Bool) -> UInt32 {
      offset << 10 | (leaf ? 0x100 : 0) | UInt32(label)
    }
    // The root's children lie at 128 ^ label, "a" at 225; its value unit at 225 ^ 100 = 133.
    let root = unit(label: 0, offset: 128, leaf: false)
    func rule(offset: UInt32, leaf: Bool = true, value: UInt32 = 0) -> [Int: UInt32] {
      [
        0: root, 225: unit(label: UInt8(ascii: "a"), offset: offset, leaf: leaf),
        133: 0x8000_0000 | value,
      ]
    }
    let good = map(rule(offset: 100), "b\0")
    try CharacterMap.check(good)
    var model = SmallModel()
    model.characterMap = good
    #expect(try model.load().pieces(of: "ab").ids == [4, 6, 6])
    let faults: [[UInt8]] = [
      [1, 2, 3], [0, 4, 0, 0], Array(good.dropLast(3)), map(rule(offset: 100), "x"),
      // Root and inner unit that lead out of the array.
      map([0: unit(label: 0, offset: 256, leaf: false)]),
      map(rule(offset: 0x1FFFFF)),
      // A value beyond the replacements, one within a character, and no value unit.
      map(rule(offset: 100, value: 2)), map(rule(offset: 100, value: 1), "é\0"),
      map(rule(offset: 101, value: 0)),
      // A unit that is its own child: without end, more matches than the library keeps.
      map(rule(offset: 97).merging([128: 0x8000_0000]) { $1 }), map(rule(offset: 97, leaf: false)),
      map(rule(offset: 100), String(repeating: "x", count: 65) + "\0"),
      map(rule(offset: 100), String(repeating: " ", count: 22) + "\0"),
    ]
    for (index, fault) in faults.enumerated() {
      #expect(throws: ModelFault.self, "fault \(index)") { try CharacterMap.check(fault) }
    }
  }

  @Test func damagedTokenizerJSON() throws {
    var generator = SeededGenerator(state: 5)
    let small = SmallJSON().bytes()
    for count in 0..<small.count {
      #expect(throws: TokenizationError.self) {
        try SentencePieceTokenizer(unigramJSONBytes: Array(small[..<count]), name: "j")
      }
    }
    var loaded = 0
    for _ in 0..<4000 {
      let bytes = mutated(small, in: 0..<small.count, using: &generator)
      if survives({ () throws(TokenizationError) in
        try SentencePieceTokenizer(unigramJSONBytes: bytes, name: "j")
      }) { loaded += 1 }
    }
    #expect(loaded > 0 && loaded < 4000)

    let whole = try Fixtures.bytes(Fixtures.bootstrapFolder.appending(path: "tokenizer.json"))
    for _ in 0..<40 {
      let count = Int.random(in: 0..<(whole.count - 2), using: &generator)
      #expect(throws: TokenizationError.self) {
        try SentencePieceTokenizer(unigramJSONBytes: Array(whole[..<count]), name: "j")
      }
      let bytes = mutated(whole, in: 0..<whole.count, using: &generator)
      _ = survives { () throws(TokenizationError) in
        try SentencePieceTokenizer(unigramJSONBytes: bytes, name: "j")
      }
    }
  }
}
