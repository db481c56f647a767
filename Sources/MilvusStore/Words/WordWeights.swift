import Foundation
import Retrieval

/// Search by words on Milvus: a document's words are a sparse vector of their hashes, a question's another,
/// and the inner product of the two finds candidates; their order is that of BM25 (Robertson and Zaragoza
/// 2009) with the constants of SQLite's `bm25()`, computed from the candidates' own texts, so that the
/// store's scores are those of the embedded one.
enum WordWeights {
  static let k1 = 1.2
  static let b = 0.75
  /// The words of a document of common length, for its weights: the collection's own average changes with
  /// every document.
  static let referenceCount = 256.0

  /// How much a word that occurs `frequency` times in a document of `count` words adds to its score.
  static func saturation(frequency: Double, count: Double, average: Double) -> Double {
    frequency * (k1 + 1) / (frequency + k1 * (1 - b + b * count / average))
  }

  /// The weight of a word by how few of the documents have it; always positive.
  static func rarity(documents: Int, having: Int) -> Double {
    let having = Double(min(having, documents))
    return max(1e-6, log((Double(documents) - having + 0.5) / (having + 0.5)))
  }

  /// The words of a document, in their order.
  static func words(_ document: Document) -> [String] {
    // The line break keeps a word of the title from running into the text's first.
    lexicalTokens(
      document.title.isEmpty ? document.text : document.title + "\n" + document.text)
  }

  /// A dimension for a word: FNV-1a of 32 bits, without the first and the last, which Milvus and
  /// ``SparseVector/empty`` have for themselves.
  static func hash(_ word: String) -> UInt32 {
    var hash: UInt32 = 0x811c_9dc5
    for byte in word.utf8 { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
    return hash % (UInt32.max - 1) + 1
  }
}

/// What a document's row has of its words.
struct DocumentWords: Sendable {
  /// The row's sparse vector.
  let weights: SparseVector
  /// The words' hashes, ascending; of a document with more the first `RowLimits.arrayCount`.
  let hashes: [Int64]
  let count: Int

  init(_ document: Document) {
    let words = WordWeights.words(document)
    var frequencies: [UInt32: Int] = [:]
    for word in words { frequencies[WordWeights.hash(word), default: 0] += 1 }
    let sorted = frequencies.sorted { $0.key < $1.key }
    weights = SparseVector(
      sorted.map { hash, frequency in
        let weight = WordWeights.saturation(
          frequency: Double(frequency), count: Double(words.count),
          average: WordWeights.referenceCount)
        return (hash, Float(weight))
      })
    hashes = sorted.prefix(RowLimits.arrayCount).map { Int64($0.key) }
    count = words.count
  }
}

/// A sparse vector as Milvus writes it: pairs of u32 dimension and f32 weight, little-endian, ascending.
struct SparseVector: Sendable {
  let bytes: Data
  /// Above the largest dimension.
  let dimension: Int64

  /// - Parameter entries: by ascending dimension; none gives a vector that no question finds.
  init(_ entries: [(dimension: UInt32, weight: Float)]) {
    // Milvus takes no vector without an entry.
    let entries = entries.isEmpty ? [(0, 1)] : entries
    var bytes = Data(capacity: entries.count * 8)
    for (dimension, weight) in entries {
      withUnsafeBytes(of: dimension.littleEndian) { bytes.append(contentsOf: $0) }
      withUnsafeBytes(of: weight.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
    }
    self.bytes = bytes
    dimension = Int64(entries.last?.dimension ?? 0) + 1
  }
}

/// A question's words and what they weigh in one collection.
struct WordQuery: Sendable {
  private let rarities: [String: Double]
  /// Words of a document on average.
  private let average: Double
  /// Its sparse vector.
  let weights: SparseVector

  /// - Parameters:
  ///   - words: each once.
  ///   - having: for each word, in how many of the documents it is.
  init(_ words: [String], having: [Int], documents: Int, average: Double) {
    var rarities: [String: Double] = [:]
    var weights: [UInt32: Float] = [:]
    for (word, having) in zip(words, having) {
      let rarity = WordWeights.rarity(documents: documents, having: having)
      rarities[word] = rarity
      weights[WordWeights.hash(word), default: 0] += Float(rarity)
    }
    self.rarities = rarities
    self.average = max(average, 1)
    self.weights = SparseVector(weights.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  }

  /// No document's score is more than its inner product by this factor.
  var bound: Double { max(1, average / WordWeights.referenceCount) }

  /// BM25; 0 for a document without any of the words.
  func score(_ document: Document) -> Double {
    let words = WordWeights.words(document)
    var frequencies: [String: Int] = [:]
    for word in words where rarities[word] != nil { frequencies[word, default: 0] += 1 }
    // In one order, so that the same words give the same bits.
    return frequencies.sorted { $0.key < $1.key }.reduce(0) { sum, entry in
      sum + (rarities[entry.key] ?? 0)
        * WordWeights.saturation(
          frequency: Double(entry.value), count: Double(words.count), average: average)
    }
  }
}
