import Retrieval
import StoreTestSupport
import Testing

@testable import MilvusStore

@Suite struct WordWeightsTests {
  @Test func vectorsAreSortedPairs() {
    let vector = SparseVector([(1, 0.5), (0x0102_0304, 2)])
    #expect(Array(vector.bytes) == [1, 0, 0, 0, 0, 0, 0, 0x3F, 4, 3, 2, 1, 0, 0, 0, 0x40])
    #expect(vector.dimension == 0x0102_0305)
    // A document without words has an entry where no word is.
    let empty = DocumentWords(Document(id: "a", text: "?!"))
    #expect(empty.count == 0 && empty.hashes.isEmpty)
    #expect(Array(empty.weights.bytes) == [0, 0, 0, 0, 0, 0, 0x80, 0x3F])
  }

  @Test func hashesAreDimensionsOfMilvus() {
    let words = (0..<20_000).map { "w\($0)" }
    let hashes = Set(words.map(WordWeights.hash))
    #expect(hashes.count > 19_990)
    #expect(hashes.allSatisfy { $0 > 0 && $0 < UInt32.max })
  }

  /// What a search stops at: no document scores more than its inner product times the bound.
  @Test func innerProductBoundsTheScore() {
    var generator = StoreGenerator(9)
    for average in [1.0, 40, 256, 1_000] {
      let query = WordQuery(["cat", "box", "city"], having: [3, 90, 20], documents: 100, average: average)
      let weights = Self.entries(query.weights)
      for _ in 0..<200 {
        let pool = ["cat", "box", "city", "filler", "other"]
        let text = (0..<Int.random(in: 1..<600, using: &generator)).map { _ in
          pool[Int.random(in: 0..<pool.count, using: &generator)]
        }.joined(separator: " ")
        let document = Document(id: "d", text: text)
        let product = Self.entries(DocumentWords(document).weights).reduce(0.0) { sum, entry in
          sum + Double(entry.value) * Double(weights[entry.key] ?? 0)
        }
        #expect(query.score(document) <= product * query.bound * 1.0001)
        #expect(product > 0 || query.score(document) == 0)
      }
    }
  }

  @Test func rareWordsWeighMoreAndNoneLessThanNothing() {
    #expect(
      WordWeights.rarity(documents: 100, having: 1) > WordWeights.rarity(documents: 100, having: 10))
    #expect(WordWeights.rarity(documents: 100, having: 90) == 1e-6)
    #expect(WordWeights.rarity(documents: 1, having: 5) == 1e-6)
    #expect(WordWeights.rarity(documents: 100, having: 0) > 5)
  }

  private static func entries(_ vector: SparseVector) -> [UInt32: Float] {
    let bytes = Array(vector.bytes)
    func word(_ index: Int) -> UInt32 {
      (0..<4).reduce(0) { $0 | UInt32(bytes[index + $1]) << UInt32(8 * $1) }
    }
    return Dictionary(
      uniqueKeysWithValues: stride(from: 0, to: bytes.count, by: 8).map {
        (word($0), Float(bitPattern: word($0 + 4)))
      })
  }
}
