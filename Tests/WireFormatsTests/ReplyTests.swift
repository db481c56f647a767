import EmbeddingEngine
import Foundation
import ModelFiles
import TestSupport
import Testing
import Tokenization

@testable import Service
@testable import WireFormats

@Suite struct ReplyTests {
  private static let receipt = Receipt(
    tokens: 600, tokensUsed: 512, kept: 3..<2_000, truncated: true, normalizationChanged: true,
    unknownPieces: 4, prefix: "query: ", prefixAlreadyPresent: true)

  private func embedded(_ storage: EncodedVector.Storage, dimension: Int) -> EmbeddedText {
    EmbeddedText(
      vector: EncodedVector(dimension: dimension, storage: storage), receipt: Self.receipt)
  }

  // MARK: - Embeddings

  @Test func float32TravelsAsValues() {
    let wire = Duri_V1_Embedding(EncodedVector(dimension: 2, storage: .float32([0.5, -1])))
    #expect(wire.dimension == 2)
    #expect(wire.encoding == .float32)
    #expect(wire.values == [0.5, -1])
    #expect(wire.data.isEmpty)
    #expect(wire.scale == 0)
  }

  @Test(arguments: [
    (EncodedVector.Storage.float16([1, 2, 3, 4]), Duri_V1_Encoding.float16, Float(0)),
    (.int8([1, 2, 3, 4], scale: 0.25), .int8, 0.25),
    (.binary([1, 2, 3, 4]), .binary, 0),
  ])
  func otherEncodingsTravelAsData(
    storage: EncodedVector.Storage, encoding: Duri_V1_Encoding, scale: Float
  ) {
    let wire = Duri_V1_Embedding(EncodedVector(dimension: 31, storage: storage))
    #expect(wire.dimension == 31)
    #expect(wire.encoding == encoding)
    #expect(wire.data == Data([1, 2, 3, 4]))
    #expect(wire.values.isEmpty)
    #expect(wire.scale == scale)
  }

  @Test(arguments: VectorEncoding.allCases)
  func clientsCanReadEveryEncoding(encoding: VectorEncoding) throws {
    let vector = StubEmbedder.vector("두리", components: 33)
    let sent: [UInt8] = try Duri_V1_Embedding(EncodedVector(vector, as: encoding)).serializedBytes()
    let wire = try Duri_V1_Embedding(serializedBytes: sent)
    let data = [UInt8](wire.data)
    #expect(wire.dimension == 33)
    for (index, component) in vector.enumerated() {
      // Decoded as the .proto file tells a client to.
      switch wire.encoding {
      case .float32: #expect(wire.values[index] == component)
      case .float16:
        let bits = UInt16(data[2 * index]) | UInt16(data[2 * index + 1]) << 8
        let exponent = Int(bits >> 10 & 0x1F), mantissa = Float(bits & 0x3FF) / 1024
        let magnitude =
          Float(sign: .plus, exponent: max(exponent, 1) - 15, significand: 1)
          * (exponent == 0 ? mantissa : 1 + mantissa)
        #expect(abs((bits & 0x8000 == 0 ? magnitude : -magnitude) - component) < 3e-4)
      case .int8:
        let value = Float(Int8(bitPattern: data[index])) * wire.scale
        #expect(abs(value - component) <= wire.scale * 0.501)
      case .binary:
        #expect((data[index / 8] << UInt8(index % 8) & 0x80 != 0) == (component > 0))
      case .unspecified, .UNRECOGNIZED: Issue.record("the reply names no encoding")
      }
    }
  }

  // MARK: - Items

  @Test func responsesKeepOrderAndItemErrors() {
    let reply = EmbedReply(
      outcomes: [
        .success(embedded(.float32([1]), dimension: 1)),
        .failure(ServiceError(.invalidArgument, "text has 9 bytes", retryAfter: .seconds(1))),
        .success(embedded(.binary([0x80]), dimension: 1)),
      ],
      stages: StageTimings(
        tokenization: .nanoseconds(11), queue: .nanoseconds(22), inference: .nanoseconds(33)),
      total: .nanoseconds(44))
    let wire = Duri_V1_EmbedResponse(reply, model: "stub")
    #expect(wire.model == "stub")
    #expect(wire.items.map(\.index) == [0, 1, 2])
    #expect(wire.items.map(\.status.code) == [0, 3, 0])
    #expect(wire.items.map(\.status.message) == ["", "text has 9 bytes", ""])
    #expect(wire.items.map(\.hasStatus) == [true, true, true])
    #expect(wire.items.map(\.hasEmbedding) == [true, false, true])
    #expect(wire.items.map(\.hasReceipt) == [true, false, true])
    #expect(wire.items.map(\.embedding.encoding) == [.float32, .unspecified, .binary])
    #expect(wire.timings.tokenizationNs == 11)
    #expect(wire.timings.queueNs == 22)
    #expect(wire.timings.inferenceNs == 33)
    #expect(wire.timings.totalNs == 44)
  }

  @Test func streamItemsCarryTheClientsIDAndTheirIndex() {
    let good = Duri_V1_StreamItem(
      id: "문서-1", index: .max, outcome: .success(embedded(.float32([1]), dimension: 1)))
    #expect(good.id == "문서-1")
    #expect(good.index == .max)
    #expect(good.status.code == 0)
    #expect(good.embedding.values == [1])
    #expect(good.receipt == Duri_V1_Receipt(Self.receipt))
    let bad = Duri_V1_StreamItem(
      id: "", index: 7, outcome: .failure(ServiceError(.deadlineExceeded, "too late")))
    #expect(bad.index == 7)
    #expect(bad.status.code == 4)
    #expect(bad.status.message == "too late")
    #expect(!bad.hasEmbedding)
    #expect(!bad.hasReceipt)
  }

  @Test(arguments: ServiceError.Code.allCases)
  func itemStatusesCarryTheCodesNumber(code: ServiceError.Code) {
    let status = Duri_V1_ItemStatus(.failure(ServiceError(code, "why")))
    #expect(status.code == UInt32(code.rawValue))
    #expect(status.message == "why")
  }

  // MARK: - Receipts

  @Test func everyFieldOfAReceiptIsTold() {
    let wire = Duri_V1_Receipt(Self.receipt)
    #expect(wire.tokens == 600)
    #expect(wire.tokensUsed == 512)
    #expect(wire.truncated)
    #expect(wire.keptBegin == 3)
    #expect(wire.keptEnd == 2_000)
    #expect(wire.normalizationChanged)
    #expect(wire.unknownPieces == 4)
    #expect(wire.prefix == "query: ")
    #expect(wire.prefixAlreadyPresent)
  }

  @Test func eachFlagOfAReceiptIsItsOwn() {
    var receipt = Receipt(
      tokens: 3, tokensUsed: 3, kept: 0..<1, truncated: false, normalizationChanged: false,
      unknownPieces: 0, prefix: "", prefixAlreadyPresent: false)
    func flags() -> [Bool] {
      let wire = Duri_V1_Receipt(receipt)
      return [wire.truncated, wire.normalizationChanged, wire.prefixAlreadyPresent]
    }
    #expect(flags() == [false, false, false])
    receipt.truncated = true
    #expect(flags() == [true, false, false])
    receipt.truncated = false
    receipt.normalizationChanged = true
    #expect(flags() == [false, true, false])
    receipt.normalizationChanged = false
    receipt.prefixAlreadyPresent = true
    #expect(flags() == [false, false, true])
  }

  // MARK: - Durations

  private static let durations: [(Duration, UInt64)] = [
    (.zero, 0), (.nanoseconds(1), 1), (.milliseconds(1_500), 1_500_000_000),
    // What is below a nanosecond is dropped.
    (Duration(secondsComponent: 0, attosecondsComponent: 1_999_999_999), 1),
    (Duration(secondsComponent: 0, attosecondsComponent: 999_999_999), 0),
    (.nanoseconds(-1), 0), (.seconds(-1), 0), (.milliseconds(-1_500), 0),
    // 2⁶⁴ - 1 ns is the largest number; one more, and far more, stay there.
    (nearEnd(614), .max - 1), (nearEnd(615), .max), (nearEnd(616), .max), (nearEnd(999), .max),
    (.seconds(18_446_744_074), .max), (.seconds(Int64.max), .max), (.seconds(Int64.min), 0),
  ]

  /// 18,446,744,073.709551 s and `nanoseconds` more.
  private static func nearEnd(_ nanoseconds: Int64) -> Duration {
    Duration(
      secondsComponent: 18_446_744_073,
      attosecondsComponent: (709_551_000 + nanoseconds) * 1_000_000_000)
  }

  @Test(arguments: durations)
  func durationsBecomeWholeNanoseconds(duration: Duration, nanoseconds: UInt64) {
    #expect(duration.nanoseconds == nanoseconds)
  }
}
