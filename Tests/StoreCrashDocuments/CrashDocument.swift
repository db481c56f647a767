import Foundation
import Retrieval

/// What the writer stores and the test expects: a document is decided by its number and version alone.
public enum CrashDocument {
  public static let collection = "crash"
  public static let dimension = 16
  /// Documents have numbers below this one.
  public static let count = 60

  public static let contract = CollectionContract(
    model: "stub", fingerprint: "0", passagePrefix: "passage: ", queryPrefix: "query: ", dimension: dimension)
  public static let passage = VectorOrigin(model: "stub", fingerprint: "0", prefix: "passage: ")
  public static let query = VectorOrigin(model: "stub", fingerprint: "0", prefix: "query: ")

  public static var configuration: EmbeddedStore.Configuration {
    var configuration = EmbeddedStore.Configuration()
    // Small segments: the runs cross their borders and clean dead ones.
    configuration.segmentRows = 64
    configuration.searchThreads = 1
    return configuration
  }

  public static func id(_ number: Int) -> String { "id\(number)" }

  /// A word of this version of this document only.
  public static func word(_ number: Int, _ version: Int) -> String {
    let letters = Array("abcdfghijklmnopqrtuvwxz")
    var rest = version * count + number
    var word = "q"
    repeat {
      word.append(letters[rest % letters.count])
      rest /= letters.count
    } while rest > 0
    return word + "q"
  }

  public static func make(_ number: Int, _ version: Int) -> EmbeddedDocument {
    var generator = CrashGenerator(UInt64(version * count + number))
    var vector = (0..<dimension).map { _ in Float.random(in: -1...1, using: &generator) }
    let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for index in vector.indices { vector[index] /= length }
    return EmbeddedDocument(
      document: Document(
        id: id(number), title: "문서 \(number)", text: "\(word(number, version)) 서울에서 온 편지",
        metadata: ["version": .number(Double(version)), "even": .bool(version % 2 == 0)]),
      vector: vector)
  }
}

/// The same numbers on every run.
public struct CrashGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  public init(_ seed: UInt64) { state = seed }

  public mutating func next() -> UInt64 {
    // SplitMix64 (Steele, Lea, Flood 2014).
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
