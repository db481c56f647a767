import Foundation
import Testing

@testable import Tokenization

/// All lines of the evaluation data and 20 000 of the parallel data, whole and column by column,
/// against hashes of what Python's sentencepiece gives (Tests/Goldens/tokenization.py).
@Suite(.enabled(if: Fixtures.hasData))
struct SharedDataTests {
  struct Hashes: Decodable {
    struct File: Decodable {
      let path: String
      let lines: Int?
      let model: Model
      let texts: Int
      let tokens: Int
      let ids: String
      let ranges: String
    }
    let files: [File]
  }

  /// FNV-1a, 64 bits, over little-endian 32-bit words.
  struct Hash {
    var state: UInt64 = 0xCBF2_9CE4_8422_2325

    mutating func add(_ word: UInt32) {
      for shift in [0, 8, 16, 24] as [UInt32] {
        state = (state ^ UInt64((word >> shift) & 0xFF)) &* 0x100_0000_01B3
      }
    }

    var text: String {
      let digits = String(state, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
  }

  @Test func everyLine() throws {
    let golden = try Fixtures.golden(Hashes.self, "tokenization-hashes")
    #expect(golden.files.count > 70)
    for file in golden.files where Model.present.contains(file.model) {
      let texts = try Self.texts(of: file)
      #expect(texts.count == file.texts)
      var hashes: [(ids: String, ranges: String, tokens: Int)] = []
      for tokenizer in try Fixtures.tokenizers(file.model) {
        var ids = Hash()
        var ranges = Hash()
        var tokens = 0
        for text in texts {
          let pieces = try tokenizer.pieces(of: text)
          tokens += pieces.ids.count
          for id in pieces.ids { ids.add(UInt32(bitPattern: id)) }
          for range in pieces.ranges {
            ranges.add(UInt32(range.lowerBound))
            ranges.add(UInt32(range.upperBound))
          }
          ids.add(0xFFFF_FFFF)
          ranges.add(0xFFFF_FFFF)
        }
        hashes.append((ids.text, ranges.text, tokens))
      }
      for hash in hashes {
        #expect(hash.tokens == file.tokens, "\(file.path), \(file.model)")
        #expect(hash.ids == file.ids, "\(file.path), \(file.model)")
        #expect(hash.ranges == file.ranges, "\(file.path), \(file.model)")
      }
    }
  }

  /// Each line; then, if it has tabs, each of its columns.
  private static func texts(of file: Hashes.File) throws -> [String] {
    let bytes = try Fixtures.bytes(Fixtures.shared.appending(path: file.path))
    let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    var texts: [String] = []
    for line in lines.prefix(file.lines ?? lines.count) {
      texts.append(String(decoding: line, as: UTF8.self))
      let columns = line.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false)
      if columns.count > 1 {
        texts.append(contentsOf: columns.map { String(decoding: $0, as: UTF8.self) })
      }
    }
    return texts
  }
}
